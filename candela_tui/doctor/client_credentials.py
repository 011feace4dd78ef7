"""Which credentials Claude Code sends, and which of them are used.

Seen with Claude Code 2.1.197: a token goes as Authorization, a key as x-api-key, both if both are set; what
apiKeyHelper prints goes as Authorization where there is no token, and as x-api-key where there is no key. A key
that is set goes before a subscription's login (https://support.claude.com/en/articles/12304248, November 2026).
"""

from collections.abc import Sequence

from candela_tui.claude_code.own_login import HELPER, KEY, TOKEN, has_login
from candela_tui.claude_code.variables import BASE_URL
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, file_that_sets, settings_files
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import destination_of

TOPIC = Topic("client.credentials", "Credentials of Claude Code")
_REFUSED = "Claude Code started here can't sign in"


def check_client_credentials(context: DoctorContext) -> Sequence[CheckResult]:
    """Report which are set and which are used, by name only. Blocks."""
    files = settings_files(context)
    client = ClientEnvironment(context.environ, files)
    token, key = client.get(TOKEN), client.get(KEY)
    helper = file_that_sets(HELPER, files)
    for name, given in ((TOKEN, token), (KEY, key)):
        if given is not None and (wrong := _wrong_form(given.value)):
            return [TOPIC.bad(f"{name} ({given.where}) {wrong}", "Correct it.", _REFUSED)]
    if token is not None and key is not None:
        words = f"{TOKEN} ({token.where}) and {KEY} ({key.where}) are both set, and both are sent; the token is used"
        return [TOPIC.warn(words, "Unset the one that you do not want.")]
    if token is not None and token.value == PLACEHOLDER:
        return [_placeholder(context, client, token.where)]
    if token is not None and helper is not None:
        words = f"{TOKEN} ({token.where}) overrides {HELPER} ({helper.path})"
        return [TOPIC.warn(words, "Unset the one that you do not want.")]
    if key is not None and helper is not None:
        words = f"{KEY} ({key.where}) and what {HELPER} ({helper.path}) prints are both sent"
        return [TOPIC.warn(words, "Unset the one that you do not want.")]
    if token is not None:
        return [TOPIC.ok(f"{TOKEN} ({token.where})")]
    login = has_login(context.environ, context.home)
    if key is not None and login:
        words = f"{KEY} ({key.where}) overrides the login of Claude Code, so requests are billed to that key"
        return [TOPIC.warn(words, f"Unset {KEY} to use the subscription.")]
    if key is not None:
        return [TOPIC.ok(f"{KEY} ({key.where})")]
    if helper is not None:
        return [TOPIC.ok(f"what {HELPER} prints ({helper.path})")]
    if login:
        return [TOPIC.ok("its own login (/login)")]
    words = "no variable and no apiKeyHelper is set; a login of Claude Code can't be seen here"
    return [TOPIC.unknown(words, "Run `claude` and then /status to see it.")]


def _wrong_form(value: str) -> str:
    """Return what keeps a value from being a credential, or an empty string."""
    if value.strip() != value:
        return "begins or ends with a space or line break"
    if value[0] in "\"'“‘" or value[-1] in "\"'”’":
        return "has quotation marks in its value"
    return "" if value.isascii() and value.isprintable() else "has characters that no credential has"


def _placeholder(context: DoctorContext, client: ClientEnvironment, where: str) -> CheckResult:
    base = client.get(BASE_URL)
    leads_to = destination_of(base.value, context.settings) if base is not None else None
    words = f'{TOKEN} ({where}) is the placeholder "{PLACEHOLDER}"'
    if leads_to is None or not leads_to.to_candela:
        return TOPIC.bad(f"{words}, but requests do not go to candela and will be refused", f"Unset {TOKEN}.", _REFUSED)
    return TOPIC.ok(f"{words}, so candela signs in")
