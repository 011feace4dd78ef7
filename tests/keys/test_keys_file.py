"""[proxy] keys_file: keys from elsewhere, such as a mounted secret."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui.keys.errors import KeysError
from candela_tui.keys.keys_file import read_keys_file
from candela_tui.keys.ring import KeyRing

TEXT = "ck_live_" + "a1B2c3D4" * 4
OTHER = "ck_live_" + "z9Y8x7W6" * 4


def file_in(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "keys.toml"
    path.write_text(content)
    path.chmod(mode)
    return path


def test_a_file_has_keys_with_the_limits_that_the_command_knows(tmp_path: Path) -> None:
    path = file_in(
        tmp_path,
        f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\nmodels = ["claude-haiku-*"]\nproviders = "direct,bedrock"\n'
        f'budget = "50/month"\nexpires = 2027-01-31T00:00:00Z\nuser = "u"\nteam = "t"\nparallel = 4\n'
        f'deny_tools = ["Bash(git push *)", "WebFetch"]\naliases = {{ fast = "claude-haiku-4-5" }}\n\n'
        f'[[keys]]\nname = "other"\nkey = "{OTHER}"\n',
    )

    ci, other = read_keys_file(path, b"p" * 32)

    assert (ci.name, ci.user, ci.models, ci.providers) == ("ci", "u", ("claude-haiku-*",), ("direct", "bedrock"))
    assert str(ci.budget) == "50/month"
    assert (ci.team, ci.parallel, ci.deny_tools) == ("t", 4, ("Bash(git push *)", "WebFetch"))
    assert ci.aliases == (("fast", "claude-haiku-4-5"),)
    assert ci.expires_at == datetime(2027, 1, 31, tzinfo=UTC)
    assert other.models == other.providers == ()
    assert ci.prefix == TEXT[:16]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[[keys", "is not valid TOML in UTF-8"),
        ("", r"expected only \[\[keys\]\]"),
        (f'key = "{TEXT}"', r"expected only \[\[keys\]\]"),
        ('[[keys]]\nname = "ci"', "number 1: key must be ck_live_"),
        (f'[[keys]]\nname = "ci"\nkey = "{TEXT[:20]}"', "at least 24 random letters"),
        (f'[[keys]]\nkey = "{TEXT}"', "name is missing"),
        (f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\nmodles = "x"', "no such key 'modles'"),
        (f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\nbudget = "5"', "budget: '5' is not a budget"),
        (f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\nproviders = [1]', "providers: expected text"),
        (f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\nexpires = "soon"', "expires: expected a day"),
        (f'[[keys]]\nname = "a"\nkey = "{TEXT}"\n[[keys]]\nname = "b"\nkey = "{TEXT}"', "have the same key"),
        (f'[[keys]]\nname = "a"\nkey = "{TEXT}"\n[[keys]]\nname = "a"\nkey = "{OTHER}"', "have the same name"),
    ],
)
def test_a_mistake_is_named_without_quoting_a_key(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(KeysError, match=words) as error:
        read_keys_file(file_in(tmp_path, content), b"p" * 32)

    assert str(error.value).startswith(str(tmp_path / "keys.toml"))
    assert TEXT[:20] not in str(error.value)


def test_a_file_that_everyone_can_read_is_refused(tmp_path: Path) -> None:
    path = file_in(tmp_path, f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\n', 0o644)

    with pytest.raises(KeysError, match=f"`chmod o= {path}`"):
        read_keys_file(path, b"p" * 32)


async def test_a_secret_that_is_mounted_anew_is_read_again(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a directory of files."""
    for number, text in ((1, TEXT), (2, OTHER)):
        (tmp_path / f"..{number}").mkdir()
        file_in(tmp_path / f"..{number}", f'[[keys]]\nname = "ci"\nkey = "{text}"\n', 0o440)
    data, beside = tmp_path / "..data", tmp_path / "..beside"
    data.symlink_to("..1")
    ring = KeyRing(None, data / "keys.toml")
    assert await ring.find(TEXT) is not None

    beside.symlink_to("..2")
    beside.rename(data)

    assert await ring.find(TEXT) is None
    assert await ring.find(OTHER) is not None
