"""The settings that people get when they sign in: a file that is checked, and followed as it changes."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from candela_tui.config.managed_settings import ManagedSettings, ManagedSettingsError, read_managed_settings


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    # What changed a moment ago is read at each question.
    os.utime(file, (1_700_000_000 + len(text), 1_700_000_000))
    return file


def test_the_checksum_is_that_of_the_sorted_compact_settings(tmp_path: Path) -> None:
    text = '{"model": "opus", "env": {"b": "ü\U0001f41a", "a": "1"}, "share": 2.0, "part": 0.25}'
    document = read_managed_settings(written(tmp_path / "settings.json", text))
    compact = '{"env":{"a":"1","b":"ü\U0001f41a"},"model":"opus","part":0.25,"share":2}'
    assert document.checksum == f"sha256:{hashlib.sha256(compact.encode()).hexdigest()}"
    answer = json.loads(document.body)
    assert answer["checksum"] == document.checksum
    assert answer["settings"] == json.loads(text)
    assert list(answer["settings"]["env"]) == ["b", "a"]


def test_the_same_settings_have_the_same_names_at_every_replica(tmp_path: Path) -> None:
    one, two = (
        read_managed_settings(written(tmp_path / name, text))
        for name, text in (("one", '{"a": 1, "b": 2}'), ("two", '{\n  "b": 2, "a": 1\n}\n'))
    )
    assert one.checksum == two.checksum
    assert json.loads(one.body)["uuid"] == json.loads(two.body)["uuid"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n  "model": "opus",\n}', "line 3, column 1: from here on it is not JSON"),
        ("", "line 1, column 1: from here on it is not JSON"),
        ("[]", "line 1: expected an object"),
        ('{"a": NaN}', "it is not JSON in UTF-8"),
        ("[" * 100_000, "it is not JSON in UTF-8"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('{"a": "' + "x" * 1_048_576 + '"}', "it is larger than 1 MiB"),
    ],
    ids=["comma", "empty", "list", "NaN", "deep", "surrogate", "large"],
)
def test_a_mistake_is_named_with_its_key_file_and_line(tmp_path: Path, text: str, words: str) -> None:
    file = written(tmp_path / "settings.json", text)
    with pytest.raises(ManagedSettingsError) as told:
        read_managed_settings(file)
    assert str(told.value).startswith(f"team.managed_settings: {file}: ")
    assert words in str(told.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManagedSettingsError, match="can't be read: No such file or directory"):
        ManagedSettings(tmp_path / "settings.json", lambda _: None)


async def test_a_change_counts_and_a_mistake_leaves_them_as_they_were_and_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    file = written(tmp_path / "settings.json", '{"model": "opus"}')
    managed = ManagedSettings(file, told.append)
    first = await managed.document()
    written(file, '{"model": "haiku"}')
    second = await managed.document()
    assert second.checksum != first.checksum
    for mistake in ("{", "{ "):
        written(file, mistake)
        assert await managed.document() == second
    file.unlink()
    assert await managed.document() == second
    assert [words.partition(file.name)[2] for words in told] == [
        ": line 1, column 2: from here on it is not JSON",
        ": line 1, column 3: from here on it is not JSON",
        ": can't be read: No such file or directory",
    ]
    assert all(words.startswith("The managed settings stay as they were. team.managed_settings: ") for words in told)
    written(file, '{"model": "opus"}')
    assert await managed.document() == first
