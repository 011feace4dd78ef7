"""Which providers a user of candela has to do with."""

from collections.abc import Collection

from candela_tui.config import aws_profile, aws_region
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.adc import adc_file
from candela_tui.credentials.aws import AwsCredentials
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.provider import ProviderName
from candela_tui.diagnosis.patient import Patient

TITLES: dict[ProviderName, str] = {"anthropic": "Anthropic", "gcp": "Vertex AI", "aws": "Bedrock"}
_ROUTES: dict[str, ProviderName] = {
    "anthropic-direct": "anthropic",
    "anthropic-vertex": "gcp",
    "anthropic-bedrock": "aws",
}
_AWS_KEYS = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE")


def default_provider(patient: Patient) -> ProviderName:
    """Where requests to the bare base URL go."""
    return _ROUTES[patient.settings.proxy.default_route]


def providers_in_use(patient: Patient) -> list[ProviderName]:
    """The default one first, then those that something was set up for. Blocks."""
    first = default_provider(patient)
    others: list[ProviderName] = ["anthropic"]
    settings, environ = patient.settings, patient.environ
    signed_in = _signed_in(patient)
    project = settings.vertex.project or environ.get("ANTHROPIC_VERTEX_PROJECT_ID")
    if project or settings.vertex.base_url or "gcp" in signed_in or adc_file(environ) is not None:
        others.append("gcp")
    chosen = settings.aws.base_url or aws_profile(settings.aws, environ)
    by_region = aws_region(settings.aws, environ) and (patient.home / ".aws").is_dir()
    if chosen or by_region or "aws" in signed_in or any(environ.get(name) for name in _AWS_KEYS):
        others.append("aws")
    return [first, *(name for name in others if name != first)]


async def bedrock_region(patient: Patient) -> str | None:
    """The region that candela asks Bedrock in, also where only a profile knows it; None: nobody does, or the profile
    can't be read. Nothing leaves the machine."""
    paths = patient.paths
    accounts = Accounts(paths.accounts)
    credentials = AwsCredentials(patient.settings.aws, patient.environ, accounts=accounts, vault_file=paths.vault)
    try:
        return await credentials.region()
    except CredentialsError:
        return None
    finally:
        await credentials.close()


def _signed_in(patient: Patient) -> Collection[str]:
    try:
        return Accounts(patient.paths.accounts).all()
    except CredentialsError:
        return ()
