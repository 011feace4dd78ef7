"""Whether Claude Code can read its settings files, and what in them matters to candela."""

from collections.abc import Sequence

from candela_tui.claude_code.own_login import HELPER
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import settings_files
from candela_tui.doctor.context import DoctorContext

TOPIC = Topic("client.settings", "Settings of Claude Code")
_TITLES = {
    "user": "User settings",
    "project": "Project settings",
    "local": "Local settings",
    "managed": "Managed settings",
}
_CONCERN = ("ANTHROPIC_", "CLAUDE_CODE_USE_", "CLAUDE_CODE_SKIP_", "AWS_", "CLOUD_ML_", "GOOGLE_", "ENABLE_TOOL_SEARCH")
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"})
_KEYS = (HELPER, "awsAuthRefresh", "awsCredentialExport", "model")


def check_settings_files(context: DoctorContext) -> Sequence[CheckResult]:
    """Return a result for each file that exists. Blocks."""
    checks = []
    for file in settings_files(context):
        topic = Topic(f"client.settings.{file.id}", _TITLES[file.id])
        if file.trouble:
            fix = "Correct it: Claude Code ignores the whole file without a message."
            checks.append(topic.bad(f"{file.path} {file.trouble}", fix))
            continue
        names = [name for name in file.env if name.startswith(_CONCERN) or name.upper() in _PROXIES]
        names += [key for key in _KEYS if key in file.document]
        checks.append(topic.ok(f"{file.path} sets {', '.join(names) if names else 'nothing that matters to candela'}"))
    return checks or [TOPIC.ok(f"none in {context.directory} or for this user")]
