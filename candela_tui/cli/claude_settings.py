"""Settings files of Claude Code that lead it past candela: what they set wins over the environment.

Read from Claude Code 2.1.197: the user's settings, the project's and its local ones, from the working directory.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from candela_tui.config.client_switches import SWITCHES


def leading_past(wanted: Mapping[str, str], environ: Mapping[str, str], folder: Path) -> Iterator[tuple[Path, str]]:
    """Files and the variables in them that send the client elsewhere than ``wanted`` does, when it starts in
    ``folder``."""
    home = environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME", "~")).expanduser() / ".claude"
    project = folder / ".claude"
    for path in dict.fromkeys(
        (Path(home) / "settings.json", project / "settings.json", project / "settings.local.json")
    ):
        for name, value in _variables(path).items():
            if name in wanted:
                elsewhere = name.endswith("_BASE_URL") and value != wanted[name]
            else:
                elsewhere = name in SWITCHES and str(value).strip().lower() in ("1", "true", "yes", "on")
            if elsewhere:
                yield path, name


def _variables(path: Path) -> dict[str, object]:
    """Those that the file sets; none where it can't be read, which the client tells of itself."""
    try:
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    variables = settings.get("env") if isinstance(settings, dict) else None
    return variables if isinstance(variables, dict) else {}
