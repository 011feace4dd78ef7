"""Whether the files of certificates that variables name can be read. Python and Node ignore those that can't."""

from collections.abc import Sequence
from pathlib import Path

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import client_environment
from candela_tui.doctor.context import DoctorContext

TOPIC = Topic("machine.certificates", "Certificates")
_BY_CANDELA = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_BY_BOTH = "NODE_EXTRA_CA_CERTS"


def check_certificates(context: DoctorContext) -> Sequence[CheckResult]:
    """Look for the files that variables name; proxy.ca_bundle is checked with the settings. Blocks."""
    named = {name: (value, "this shell") for name in _BY_CANDELA if (value := context.environ.get(name))}
    if (extra := client_environment(context).get(_BY_BOTH)) is not None:
        named[_BY_BOTH] = (extra.value, extra.where)
    missing = [(name, path, where) for name, (path, where) in named.items() if not _is_readable(Path(path))]
    if not missing:
        return [TOPIC.ok(f"{', '.join(named)} can be read" if named else "those of the system")]
    return [
        TOPIC.warn(
            f"{name} in {where} names {path}, which can't be read; certificates may not be trusted",
            f"Correct {name}, or unset it.",
        )
        for name, path, where in missing
    ]


def _is_readable(path: Path) -> bool:
    try:
        if path.is_dir():
            return True
        path.open("rb").close()
    except OSError:
        return False
    return True
