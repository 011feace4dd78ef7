"""The checks of Claude on Google Cloud for ``candela doctor``."""

from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.providers.claude_google_cloud.endpoint import HOST, configured_place
from candela_tui.providers.claude_google_cloud.upstreams import destination
from candela_tui.providers.identity import Provider
from candela_tui.providers.package import Checks, Client, Machine, sign_in_fix

_ROLE = (
    "Give the account the role roles/claude.user in the project, and enable the services there: `gcloud services enable"
    " claude.googleapis.com anthropic-managed-claude.cloudpartnerservices.goog`."
)


def _in_use(machine: Machine) -> bool:
    settings = machine.settings.claude_google_cloud
    return settings.base_url is not None or configured_place(settings, machine.environ).workspace is not None


async def _endpoint(machine: Machine) -> str:
    base_url = machine.settings.claude_google_cloud.base_url
    return f"{base_url.rstrip('/')}/v1/messages" if base_url else f"{HOST}/v1/projects"


async def _access(machine: Machine, client: Client) -> CheckLine:
    """Check that the workspace counts the tokens of a word for the model."""
    try:
        destination(machine.settings, machine.environ)
    except ValueError as error:
        return CheckLine("bad", str(error), "`candela auth login --provider claude-google-cloud` asks for it.")
    model = await client.model()
    counted = await client.count(model)
    if counted.error is None:
        workspace = configured_place(machine.settings.claude_google_cloud, machine.environ).workspace
        return CheckLine("ok", f"{model} counts tokens in {workspace or 'the workspace'}")
    fix = _ROLE if counted.status == 403 else sign_in_fix(Provider.CLAUDE_GOOGLE_CLOUD, counted)
    return CheckLine("bad", f"{model}: {counted.error.message}", fix)


CHECKS = Checks(_in_use, _endpoint, _access)
