"""docs/settings.md lists every setting as `candela config get` and the settings screen describe it."""

from pathlib import Path

from candela_tui.config import Setting, known_settings, toml_value

DOCUMENT = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")


def setting_row(setting: Setting) -> str:
    default = "" if setting.default is None else f"`{toml_value(setting.default)}`"
    choices = [f"`{toml_value(choice)}`" for choice in setting.choices if not isinstance(choice, bool)]
    values = f" Values: {', '.join(choices)}." if choices else ""
    return f"| `{setting.name}` | {default} | {setting.meaning.replace('|', chr(92) + '|')}{values} |"


def test_the_document_lists_every_setting() -> None:
    _, _, table = DOCUMENT.partition("\n## All settings\n")
    rows = [line for line in table.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    assert rows == [*map(setting_row, known_settings())]
