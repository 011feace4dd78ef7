"""The records, the settings and the log: real files, as they may be found."""

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from candela_tui.config import ConfigError, load
from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.doctor.configuration import check_configuration, check_log
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.models import check_models, requested_model
from candela_tui.doctor.prices import check_prices
from candela_tui.doctor.recording import check_recording
from candela_tui.doctor.store_health import check_store
from candela_tui.exchange import Exchange
from candela_tui.paths import default_paths
from candela_tui.store.schema import REVISIONS
from candela_tui.store.set_aside import set_aside
from candela_tui.store.writer import StoreWriter
from candela_tui.text.times import utc_now
from tests.doctor.conftest import MakeContext, write_settings
from tests.reports.exchanges import exchange


def record(context: DoctorContext, *exchanges: Exchange) -> None:
    context.paths.make_data_directory()
    troubles: list[str] = []
    writer = StoreWriter(context.paths.store, on_problem=troubles.append, on_stored=lambda _: None)
    writer.start()
    for one in exchanges:
        writer.begin(one, b"{}")
        writer.end(one, [], [])
    writer.close(30)
    assert not troubles


def store(context: DoctorContext) -> CheckResult:
    return next(check for check in check_store(context) if check.id == "data.store")


def test_an_intact_store_is_described_with_size_and_schema(make_context: MakeContext) -> None:
    context = make_context()
    record(context, exchange())
    check = store(context)
    assert check.state is CheckState.OK
    assert check.words.startswith(f"{context.paths.store}: ")
    assert check.words.endswith(f"schema {REVISIONS[-1]}, log 0 bytes, intact")


def test_looking_at_the_store_changes_nothing(make_context: MakeContext) -> None:
    context = make_context()
    record(context, exchange())
    before = {path.name: path.read_bytes() for path in context.paths.data.iterdir()}
    check_store(context)
    assert {path.name: path.read_bytes() for path in context.paths.data.iterdir()} == before


def test_without_records_nothing_is_made(make_context: MakeContext) -> None:
    context = make_context()
    check = store(context)
    assert (check.state, check.words) == (
        CheckState.OK,
        f"nothing is recorded yet; candela will create {context.paths.data}",
    )
    assert not context.paths.data.exists()


def test_a_data_directory_that_is_none_is_told(make_context: MakeContext, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "data"):
        check = store(make_context(paths=default_paths(data=place)))
        assert (check.state, check.words) == (CheckState.BAD, f"{file} is not a directory")


def test_a_data_directory_that_can_not_be_created_is_a_problem(make_context: MakeContext, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    # Nobody can create directories in /proc, not even root.
    for data, why in ((link, "it is a link to nothing"), (Path("/proc/candela-doctor"), "No such file or directory")):
        check = store(make_context(paths=default_paths(data=data)))
        assert (check.state, check.words) == (CheckState.BAD, f"{data} can't be created: {why}")
        assert check.consequence == "candela can't start"
        assert "--data-dir" in check.fix


def test_a_data_directory_in_which_nothing_can_be_written_is_a_problem(make_context: MakeContext) -> None:
    found = check_store(make_context(paths=default_paths(data=Path("/proc/self"))))
    assert "nothing can be written in /proc/self: " in " ".join(each.words for each in found)


@pytest.mark.parametrize(
    ("kept", "words"), [(0.7, "requests of 2026-11-21 can be read"), (0, "none of its requests can be read")]
)
def test_a_database_that_was_set_aside_is_named_with_what_it_holds(
    make_context: MakeContext, kept: float, words: str
) -> None:
    context = make_context()
    record(context, *(exchange(number) for number in range(200)))
    size = context.paths.store.stat().st_size
    begin = max(4096, int(size * kept))
    with context.paths.store.open("r+b") as file:
        file.seek(begin)
        file.write(b"\xa5" * (size - begin))
    aside = set_aside(context.paths.store)
    record(context, exchange(1))
    before = sorted(context.paths.data.iterdir())
    [check] = check_recording(context)
    assert (check.id, check.state) == ("data.set-aside", CheckState.WARN)
    assert check.words.startswith(f"{aside} was set aside as damaged, and a new database was begun; ")
    assert words in check.words
    assert "Delete the file" in check.fix
    assert sorted(context.paths.data.iterdir()) == before


def no_database(path: Path) -> None:
    path.write_bytes(b"this is a text of somebody, and no database at all" * 100)


def damaged(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    connection.close()


def revised(number: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (number,))
            connection.execute(f"PRAGMA user_version = {int(number)}")
        connection.close()

    return change


@pytest.mark.parametrize(
    ("harm", "state", "words", "fix"),
    [
        (no_database, CheckState.BAD, "is damaged (file is not a database)", "begins a new one"),
        (damaged, CheckState.BAD, "is damaged", "begins a new one"),
        (foreign, CheckState.BAD, "is not candela's", "--data-dir"),
        (revised("9999"), CheckState.BAD, "was written by a newer candela (schema 9999)", "Update candela."),
        (revised("0001"), CheckState.WARN, "written by an older candela", "it updates the file"),
    ],
)
def test_what_is_wrong_with_the_store_is_told_with_what_mends_it(
    make_context: MakeContext, harm: Callable[[Path], None], state: CheckState, words: str, fix: str
) -> None:
    context = make_context()
    record(context, *(exchange(number) for number in range(200)))
    harm(context.paths.store)
    context.paths.store.chmod(0o600)
    check = store(context)
    assert check.state is state
    assert words in check.words
    assert fix in check.fix


def test_records_that_others_can_read_are_told(make_context: MakeContext) -> None:
    context = make_context()
    record(context, exchange())
    context.paths.store.chmod(0o644)
    check = store(context)
    assert check.state is CheckState.WARN
    assert check.fix == f"`chmod go= {context.paths.store}`"


def test_room_on_the_disk_is_told(make_context: MakeContext) -> None:
    [disk] = [check for check in check_store(make_context()) if check.id == "data.disk"]
    assert " free for " in disk.words


def test_every_mistake_in_the_settings_is_told_without_what_looks_like_a_secret(make_context: MakeContext) -> None:
    context = make_context()
    context.paths.config.write_text('[proxy]\nport = "sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa"\nprot = 1\n')
    with pytest.raises(ConfigError) as error:
        load(context.paths.config, {})
    mistaken = make_context(mistakes=tuple(str(error.value).splitlines()))
    [check] = check_configuration(mistaken)
    assert check.state is CheckState.BAD
    assert "proxy.prot: no such key; did you mean proxy.port?" in check.words
    assert "proxy.port: expected a whole number" in check.words
    assert "sk-ant" not in check.words
    assert str(context.paths.config) in check.fix


def test_a_key_that_is_none_is_a_mistake_too(make_context: MakeContext) -> None:
    [check] = check_configuration(make_context({"ui": {"keys": {"app.nosuch": "f1"}}}))
    assert check.state is CheckState.BAD
    assert "app.nosuch" in check.words


def test_a_variable_with_one_underscore_is_named(make_context: MakeContext) -> None:
    [check] = check_configuration(make_context(environ={"CANDELA_PROXY_PORT": "9000"}))
    assert (check.state, check.words) == (
        CheckState.WARN,
        "the environment variable CANDELA_PROXY_PORT is ignored",
    )
    assert check.fix == "Write CANDELA_PROXY__PORT, with two underscores."


def test_settings_without_mistakes_are_well(make_context: MakeContext) -> None:
    context = make_context()
    assert check_configuration(context)[0].words.endswith("no such file, so the defaults apply")
    context.paths.config.touch()
    assert check_configuration(context)[0].words.endswith("every setting is valid")


def log_line(at: datetime, level: str, words: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z  {level}  candela_tui.proxy: {words}\n"


def test_errors_of_the_last_day_in_the_log_are_told(make_context: MakeContext) -> None:
    context = make_context()
    assert check_log(context)[0].words == "there is no log yet"
    context.paths.make_data_directory()
    now = datetime.now(UTC)
    old = log_line(now - timedelta(days=3), "ERROR", "long ago")
    context.paths.log.write_text(old + log_line(now, "INFO", "all well"))
    assert check_log(context)[0].state is CheckState.OK
    context.paths.log.write_text(old + log_line(now, "ERROR", "first") + log_line(now, "ERROR", "the disk is full"))
    [check] = check_log(context)
    assert check.state is CheckState.WARN
    assert check.words == "2 errors in the last day; the last: candela_tui.proxy: the disk is full"


def test_models_without_a_price_are_named_until_they_have_one(make_context: MakeContext) -> None:
    context = make_context()
    assert check_prices(context)[0].words == "no model was used in the last week"
    record(context, exchange(1, started_at=utc_now()))
    assert check_prices(context)[0].state is CheckState.OK
    record(context, exchange(2, started_at=utc_now(), model="my-model", model_used="my-model", cost=None))
    [check] = check_prices(context)
    assert check.state is CheckState.WARN
    assert check.words == "there are none for my-model: their requests show –"
    assert "candela config set 'pricing.models.\"my-model\"'" in check.fix
    priced = make_context({"pricing": {"models": {"my-model": {"input": 3, "output": 15}}}})
    assert check_prices(priced)[0].state is CheckState.OK


def test_the_model_is_the_one_that_is_set_else_the_one_last_seen(make_context: MakeContext) -> None:
    context = make_context(environ={})
    assert requested_model(context, "bedrock") == "claude-sonnet-4-5"
    seen = exchange(1, started_at=utc_now(), provider="bedrock", route="anthropic-bedrock", model="claude-haiku-4-5")
    record(context, seen)
    assert requested_model(context, "bedrock") == "claude-haiku-4-5"
    assert requested_model(context, "vertex") == "claude-sonnet-4-5"
    write_settings(context.home / ".claude/settings.json", {"model": "opus"})
    assert requested_model(context, "bedrock") == "claude-haiku-4-5"
    write_settings(context.home / ".claude/settings.json", {"model": "claude-opus-4-8[1m]"})
    assert requested_model(context, "bedrock") == "claude-opus-4-8[1m]"
    assert requested_model(make_context(environ={"ANTHROPIC_MODEL": "claude-opus-4-1"}), "bedrock") == "claude-opus-4-1"


@pytest.mark.parametrize(
    ("model", "aws", "state", "words"),
    [
        ("claude-sonnet-4-5", {"region": "eu-west-1"}, CheckState.OK, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-opus-4-1", {"region": "us-east-1"}, CheckState.OK, "us.anthropic.claude-opus-4-1-20250805-v1:0"),
        (
            "claude-opus-4-1",
            {"region": "eu-west-1"},
            CheckState.BAD,
            "has no inference profile on Bedrock that can be called from eu-west-1",
        ),
        (
            "claude-fable-5-1",
            {"region": "ap-northeast-1"},
            CheckState.OK,
            "global.anthropic.claude-fable-5-1 on Bedrock in ap-northeast-1: it has no nearer profile",
        ),
        ("claude-sonnet-4-5", {"inference_profile": "none", "region": "us-east-1"}, CheckState.BAD, "has no inference"),
        ("claude-sonnet-4-5", {}, CheckState.BAD, "no AWS region is known"),
    ],
)
async def test_a_region_is_held_against_the_model(
    make_context: MakeContext, model: str, aws: dict[str, str], state: CheckState, words: str
) -> None:
    sections = {"aws": aws, "proxy": {"default_route": "anthropic-bedrock"}}
    [check] = await check_models(make_context(sections, environ={"ANTHROPIC_MODEL": model}))
    assert check.state is state
    assert words in check.words


@pytest.mark.parametrize(
    ("model", "sections", "environ", "state", "words"),
    [
        ("claude-opus-5-5", {}, {}, CheckState.OK, "claude-opus-5-5 is claude-opus-5-5 on Vertex AI in global"),
        ("claude-sonnet-4-5", {"region": "us-east5"}, {}, CheckState.OK, "claude-sonnet-4-5@20250929 on Vertex AI"),
        ("claude-opus-5-5", {"region": "us-east5"}, {}, CheckState.BAD, "only by global, us and eu, not by us-east5"),
        ("claude-opus-9", {"region": "us-east5"}, {}, CheckState.OK, "only the region itself (us-east5) says"),
        (
            "claude-opus-5-5",
            {"region": "us-east5"},
            {"VERTEX_REGION_CLAUDE_5_5_OPUS": "eu"},
            CheckState.OK,
            "on Vertex AI in eu",
        ),
    ],
)
async def test_a_location_of_vertex_is_held_against_the_model(
    make_context: MakeContext,
    model: str,
    sections: dict[str, str],
    environ: dict[str, str],
    state: CheckState,
    words: str,
) -> None:
    context = make_context(
        {"vertex": sections, "proxy": {"default_route": "anthropic-vertex"}},
        environ={"ANTHROPIC_MODEL": model, **environ},
    )
    [check] = await check_models(context)
    assert check.state is state
    assert words in check.words
    if state is CheckState.BAD:
        assert f"""'models."{model}".vertex_region' global""" in check.fix


async def test_the_region_may_be_that_of_the_profile(make_context: MakeContext, home: Path) -> None:
    (home / "config").write_text("[default]\nregion = ap-northeast-1\n")
    sections = {"proxy": {"default_route": "anthropic-bedrock"}}
    [check] = await check_models(make_context(sections, environ={"ANTHROPIC_MODEL": "claude-sonnet-4-5"}))
    assert check.state is CheckState.OK
    assert "jp.anthropic.claude-sonnet-4-5-20250929-v1:0 on Bedrock in ap-northeast-1" in check.words


async def test_a_model_of_the_users_own_table_is_known(make_context: MakeContext) -> None:
    sections = {
        "aws": {"region": "eu-west-1"},
        "proxy": {"default_route": "anthropic-bedrock"},
        "models": {"claude-opus-4-1": {"bedrock": "eu.anthropic.claude-opus-4-1-20250805-v1:0"}},
    }
    [check] = await check_models(make_context(sections, environ={"ANTHROPIC_MODEL": "claude-opus-4-1"}))
    assert check.state is CheckState.OK
