"""Claude Code's settings files: which of them wins. What is expected here was seen with Claude Code 2.1.197."""

from pathlib import Path

import pytest

from candela_tui.diagnosis.check import State
from candela_tui.diagnosis.client_settings import client_environment
from candela_tui.diagnosis.patient import Patient
from candela_tui.diagnosis.settings_files import check_settings_files
from tests.diagnosis.conftest import MakePatient, write_settings

NAME = "ANTHROPIC_BASE_URL"


def places(patient: Patient) -> dict[str, Path]:
    return {
        "user": patient.home / ".claude" / "settings.json",
        "project": patient.directory / ".claude" / "settings.json",
        "local": patient.directory / ".claude" / "settings.local.json",
        "managed": patient.managed / "managed-settings.json",
        "managed.d": patient.managed / "managed-settings.d" / "10-proxy.json",
    }


def test_each_file_goes_before_the_ones_below_it_and_all_before_the_shell(make_patient: MakePatient) -> None:
    patient = make_patient(environ={NAME: "http://shell"})
    assert getattr(client_environment(patient).get(NAME), "where", None) == "this shell"
    for name, path in places(patient).items():
        write_settings(path, {"env": {NAME: f"http://{name}"}})
        found = client_environment(patient).get(NAME)
        assert found is not None
        assert (found.value, found.where) == (f"http://{name}", str(path))


def test_an_empty_value_in_a_file_unsets(make_patient: MakePatient) -> None:
    patient = make_patient(environ={NAME: "http://shell"})
    write_settings(places(patient)["user"], {"env": {NAME: ""}})
    assert client_environment(patient).get(NAME) is None


def test_claude_config_dir_moves_the_users_settings(make_patient: MakePatient, tmp_path: Path) -> None:
    write_settings(tmp_path / "moved" / "settings.json", {"env": {NAME: "http://moved"}})
    patient = make_patient(environ={"CLAUDE_CONFIG_DIR": str(tmp_path / "moved")})
    found = client_environment(patient).get(NAME)
    assert found is not None
    assert found.value == "http://moved"


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ('{"env": {"ANTHROPIC_BASE_URL": "http://x",}}', "is not valid JSON (line 1)"),
        ('// mine\n{"env": {}}', "is not valid JSON (line 1)"),
        ("[]", "is not a JSON object"),
    ],
)
def test_a_file_that_the_client_leaves_out_is_named(make_patient: MakePatient, text: str, trouble: str) -> None:
    patient = make_patient(environ={NAME: "http://shell"})
    path = write_settings(places(patient)["project"], text)
    [check] = check_settings_files(patient)
    assert (check.id, check.state, check.words) == ("client.settings.project", State.BAD, f"{path} {trouble}")
    assert getattr(client_environment(patient).get(NAME), "value", None) == "http://shell"


def test_a_file_is_told_by_the_names_in_it_and_never_by_their_values(make_patient: MakePatient) -> None:
    patient = make_patient()
    document = {"env": {"ANTHROPIC_API_KEY": "sk-ant-1", "EDITOR": "vi"}, "apiKeyHelper": "echo sk-ant-2"}
    path = write_settings(places(patient)["user"], document)
    [check] = check_settings_files(patient)
    assert (check.state, check.words) == (State.OK, f"{path} sets ANTHROPIC_API_KEY, apiKeyHelper")


def test_without_files_that_is_said(make_patient: MakePatient) -> None:
    patient = make_patient()
    [check] = check_settings_files(patient)
    assert (check.state, check.words) == (State.OK, f"none in {patient.directory} or for this user")
