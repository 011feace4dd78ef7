"""The records, the settings and the log: real files, as they may be found."""

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from candela_tui.config import ConfigError, load
from candela_tui.diagnosis.check import Check, State
from candela_tui.diagnosis.configuration import check_configuration, check_log
from candela_tui.diagnosis.models import asked_model, check_models
from candela_tui.diagnosis.patient import Patient
from candela_tui.diagnosis.prices import check_prices
from candela_tui.diagnosis.store_health import check_store
from candela_tui.exchange import Exchange, utc_now
from candela_tui.paths import default_paths
from candela_tui.store.writer import StoreWriter
from tests.diagnosis.conftest import MakePatient, write_settings
from tests.export.exchanges import exchange


def record(patient: Patient, *exchanges: Exchange) -> None:
    patient.paths.make_data_directory()
    troubles: list[str] = []
    writer = StoreWriter(patient.paths.store, on_problem=troubles.append, on_stored=lambda _: None)
    writer.start()
    for one in exchanges:
        writer.begin(one, b"{}")
        writer.end(one, [], [])
    writer.close(30)
    assert not troubles


def store(patient: Patient) -> Check:
    return next(check for check in check_store(patient) if check.id == "data.store")


def test_a_whole_store_is_told_with_size_and_schema(make_patient: MakePatient) -> None:
    patient = make_patient()
    record(patient, exchange())
    check = store(patient)
    assert check.state is State.OK
    assert check.words.startswith(f"{patient.paths.store}: ")
    assert check.words.endswith("schema 0004, log 0 bytes, whole")


def test_looking_at_the_store_changes_nothing(make_patient: MakePatient) -> None:
    patient = make_patient()
    record(patient, exchange())
    before = {path.name: path.read_bytes() for path in patient.paths.data.iterdir()}
    check_store(patient)
    assert {path.name: path.read_bytes() for path in patient.paths.data.iterdir()} == before


def test_without_records_nothing_is_made(make_patient: MakePatient) -> None:
    patient = make_patient()
    check = store(patient)
    assert (check.state, check.words) == (State.OK, f"nothing is recorded yet: {patient.paths.data} will be made")
    assert not patient.paths.data.exists()


def test_a_data_directory_that_is_none_is_told(make_patient: MakePatient, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "data"):
        check = store(make_patient(paths=default_paths(data=place)))
        assert (check.state, check.words) == (State.BAD, f"{file} is no directory")


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
        (no_database, State.BAD, "is damaged (file is not a database)", "begins anew"),
        (damaged, State.BAD, "is damaged", "begins anew"),
        (foreign, State.BAD, "is not candela's", "--data-dir"),
        (revised("9999"), State.BAD, "was written by a newer candela (schema 9999)", "Update candela."),
        (revised("0001"), State.WARN, "it is of an older candela", "brings the file up to date"),
    ],
)
def test_what_is_wrong_with_the_store_is_told_with_what_mends_it(
    make_patient: MakePatient, harm: Callable[[Path], None], state: State, words: str, fix: str
) -> None:
    patient = make_patient()
    record(patient, *(exchange(number) for number in range(200)))
    harm(patient.paths.store)
    patient.paths.store.chmod(0o600)
    check = store(patient)
    assert check.state is state
    assert words in check.words
    assert fix in check.fix


def test_records_that_others_can_read_are_told(make_patient: MakePatient) -> None:
    patient = make_patient()
    record(patient, exchange())
    patient.paths.store.chmod(0o644)
    check = store(patient)
    assert check.state is State.WARN
    assert check.fix == f"`chmod go= {patient.paths.store}`"


def test_room_on_the_disk_is_told(make_patient: MakePatient) -> None:
    [disk] = [check for check in check_store(make_patient()) if check.id == "data.disk"]
    assert " free for " in disk.words


def test_every_mistake_in_the_settings_is_told_without_what_looks_like_a_secret(make_patient: MakePatient) -> None:
    patient = make_patient()
    patient.paths.config.write_text('[proxy]\nport = "sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa"\nprot = 1\n')
    with pytest.raises(ConfigError) as error:
        load(patient.paths.config, {})
    mistaken = make_patient(mistakes=tuple(str(error.value).splitlines()))
    [check] = check_configuration(mistaken)
    assert check.state is State.BAD
    assert "proxy.prot: no such key; did you mean proxy.port?" in check.words
    assert "proxy.port: expected a whole number" in check.words
    assert "sk-ant" not in check.words
    assert str(patient.paths.config) in check.fix


def test_a_key_that_is_none_is_a_mistake_too(make_patient: MakePatient) -> None:
    [check] = check_configuration(make_patient({"ui": {"keys": {"app.nosuch": "f1"}}}))
    assert check.state is State.BAD
    assert "app.nosuch" in check.words


def test_settings_without_mistakes_are_well(make_patient: MakePatient) -> None:
    patient = make_patient()
    assert check_configuration(patient)[0].words.endswith("no such file, the defaults hold")
    patient.paths.config.touch()
    assert check_configuration(patient)[0].words.endswith("every setting is valid")


def log_line(at: datetime, level: str, words: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z  {level}  candela_tui.proxy: {words}\n"


def test_errors_of_the_last_day_in_the_log_are_told(make_patient: MakePatient) -> None:
    patient = make_patient()
    assert check_log(patient)[0].words == "there is none yet"
    patient.paths.make_data_directory()
    now = datetime.now(UTC)
    old = log_line(now - timedelta(days=3), "ERROR", "long ago")
    patient.paths.log.write_text(old + log_line(now, "INFO", "all well"))
    assert check_log(patient)[0].state is State.OK
    patient.paths.log.write_text(old + log_line(now, "ERROR", "first") + log_line(now, "ERROR", "the disk is full"))
    [check] = check_log(patient)
    assert check.state is State.WARN
    assert check.words == "2 errors in the last day; the last: candela_tui.proxy: the disk is full"


def test_models_without_a_price_are_named_until_they_have_one(make_patient: MakePatient) -> None:
    patient = make_patient()
    assert check_prices(patient)[0].words == "no model was used in the last week"
    record(patient, exchange(1, started_at=utc_now()))
    assert check_prices(patient)[0].state is State.OK
    record(patient, exchange(2, started_at=utc_now(), model="my-model", model_used="my-model", cost=None))
    [check] = check_prices(patient)
    assert check.state is State.WARN
    assert check.words == "there are none for my-model: their requests show –"
    assert "candela config set 'pricing.models.\"my-model\"'" in check.fix
    priced = make_patient({"pricing": {"models": {"my-model": {"input": 3, "output": 15}}}})
    assert check_prices(priced)[0].state is State.OK


def test_the_model_is_the_one_that_is_set_else_the_one_last_seen(make_patient: MakePatient) -> None:
    patient = make_patient(environ={})
    assert asked_model(patient, "bedrock") == "claude-sonnet-4-5"
    seen = exchange(1, started_at=utc_now(), provider="bedrock", route="anthropic-bedrock", model="claude-haiku-4-5")
    record(patient, seen)
    assert asked_model(patient, "bedrock") == "claude-haiku-4-5"
    assert asked_model(patient, "vertex") == "claude-sonnet-4-5"
    write_settings(patient.home / ".claude/settings.json", {"model": "opus"})
    assert asked_model(patient, "bedrock") == "claude-haiku-4-5"
    write_settings(patient.home / ".claude/settings.json", {"model": "claude-opus-4-8[1m]"})
    assert asked_model(patient, "bedrock") == "claude-opus-4-8[1m]"
    assert asked_model(make_patient(environ={"ANTHROPIC_MODEL": "claude-opus-4-1"}), "bedrock") == "claude-opus-4-1"


@pytest.mark.parametrize(
    ("model", "aws", "state", "words"),
    [
        ("claude-sonnet-4-5", {"region": "eu-west-1"}, State.OK, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-opus-4-1", {"region": "us-east-1"}, State.OK, "us.anthropic.claude-opus-4-1-20250805-v1:0"),
        (
            "claude-opus-4-1",
            {"region": "eu-west-1"},
            State.BAD,
            "has no inference profile eu.anthropic.claude-opus-4-1",
        ),
        ("claude-sonnet-4-5", {"inference_profile": "none", "region": "us-east-1"}, State.BAD, "has no inference"),
        ("claude-sonnet-4-5", {}, State.BAD, "no AWS region is known"),
    ],
)
async def test_a_region_is_held_against_the_model(
    make_patient: MakePatient, model: str, aws: dict[str, str], state: State, words: str
) -> None:
    sections = {"aws": aws, "proxy": {"default_route": "anthropic-bedrock"}}
    [check] = await check_models(make_patient(sections, environ={"ANTHROPIC_MODEL": model}))
    assert check.state is state
    assert words in check.words


async def test_the_region_may_be_that_of_the_profile(make_patient: MakePatient, home: Path) -> None:
    (home / "config").write_text("[default]\nregion = ap-northeast-1\n")
    sections = {"proxy": {"default_route": "anthropic-bedrock"}}
    [check] = await check_models(make_patient(sections, environ={"ANTHROPIC_MODEL": "claude-sonnet-4-5"}))
    assert check.state is State.OK
    assert "jp.anthropic.claude-sonnet-4-5-20250929-v1:0 on Bedrock in ap-northeast-1" in check.words


async def test_a_model_of_the_users_own_table_is_known(make_patient: MakePatient) -> None:
    sections = {
        "aws": {"region": "eu-west-1"},
        "proxy": {"default_route": "anthropic-bedrock"},
        "models": {"claude-opus-4-1": {"bedrock": "eu.anthropic.claude-opus-4-1-20250805-v1:0"}},
    }
    [check] = await check_models(make_patient(sections, environ={"ANTHROPIC_MODEL": "claude-opus-4-1"}))
    assert check.state is State.OK
