"""The doctor's look at candela's certificate authority."""

from datetime import timedelta
from pathlib import Path

import pytest

from candela_tui.doctor.authority import check_authority
from candela_tui.doctor.check_result import CheckState
from candela_tui.proxy.tls_interception import authority as module
from candela_tui.proxy.tls_interception.authority import own_authority
from tests.doctor.conftest import MakeContext


def test_without_one_nothing_is_wrong_unless_candela_is_the_proxy(make_context: MakeContext) -> None:
    [check] = check_authority(make_context())
    assert check.state is CheckState.OK
    context = make_context()
    proxy = f"http://127.0.0.1:{context.settings.proxy.port}"
    [check] = check_authority(make_context(settings=context.settings, environ={"HTTPS_PROXY": proxy}))
    assert check.state is CheckState.WARN


@pytest.mark.parametrize(
    ("days", "state", "words"),
    [(365, CheckState.OK, "valid until"), (10, CheckState.WARN, "only"), (-1, CheckState.BAD, "expired on")],
)
def test_its_end_is_told_before_it_comes(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, days: int, state: CheckState, words: str
) -> None:
    context = make_context()
    monkeypatch.setattr(module, "_VALID", timedelta(days=days))
    monkeypatch.setattr(module, "_CLOCK_SKEW", timedelta(days=2))
    own_authority(context.paths.authority)
    [check] = check_authority(context)
    assert (check.state, words in check.words) == (state, True)
    assert ("candela ca renew" in check.fix) is (state is not CheckState.OK)


def test_a_client_that_does_not_trust_it_is_told(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context()
    authority = own_authority(context.paths.authority)
    proxy = f"http://localhost:{context.settings.proxy.port}"
    other = tmp_path / "other.pem"
    other.write_text("-----BEGIN CERTIFICATE-----\n")
    for extra, state in (
        (None, CheckState.BAD),
        (other, CheckState.BAD),
        (authority.certificate_path, CheckState.OK),
        (authority.bundle_with(other), CheckState.OK),
    ):
        environ = {"HTTPS_PROXY": proxy} | ({"NODE_EXTRA_CA_CERTS": str(extra)} if extra else {})
        [check] = check_authority(make_context(settings=context.settings, environ=environ))
        assert check.state is state
        assert check.consequence == ("Claude Code can't connect" if state is CheckState.BAD else "")


def test_a_key_that_others_could_have_read_is_a_problem(make_context: MakeContext) -> None:
    context = make_context()
    own_authority(context.paths.authority).key_path.chmod(0o640)
    [check] = check_authority(context)
    assert check.state is CheckState.BAD
    assert "candela ca renew" in check.fix
