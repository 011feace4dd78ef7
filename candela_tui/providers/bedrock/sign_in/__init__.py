"""Sign in to AWS, for Bedrock."""

from candela_tui.providers.bedrock.sign_in.aws import SIGN_IN as SIGN_IN
