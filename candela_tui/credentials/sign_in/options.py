"""The options of ``candela auth login`` that answer a question of a sign-in."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

Option = Literal[
    "access-key-id",
    "account",
    "hours",
    "key-file",
    "mfa-code",
    "mfa-serial",
    "profile",
    "project",
    "region",
    "resource",
    "role",
    "sso-region",
    "start-url",
    "workspace",
]

Forms = Mapping[Option, Callable[[str], str]]
"""For options whose values have a form: functions that return what is wrong with a value, or an empty string."""

OPTIONS: Final[Mapping[Option, tuple[str, str]]] = {
    "profile": ("NAME", "A profile of ~/.aws."),
    "start-url": ("URL", "The start URL of the AWS access portal (IAM Identity Center)."),
    "sso-region": ("REGION", "The region of IAM Identity Center. Default: found by the start URL."),
    "account": ("ID", "The AWS account."),
    "role": ("NAME", "The role in IAM Identity Center, or the ARN of an IAM role."),
    "access-key-id": ("ID", "The id of an AWS access key."),
    "mfa-serial": ("ARN", "The MFA device of an IAM role."),
    "mfa-code": ("CODE", "The code of that MFA device."),
    "hours": ("N", "How long the session of an IAM role lasts."),
    "region": ("NAME", "The region of AWS or Vertex AI that Claude runs in."),
    "project": ("ID", "The Google Cloud project."),
    "key-file": ("PATH", "The key file of a Google service account."),
    "workspace": ("ID", "The workspace of Claude Platform on AWS or Claude on Google Cloud."),
    "resource": ("NAME", "The resource in Microsoft Foundry."),
}
"""What each option takes, and its help."""
