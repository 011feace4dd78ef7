"""The sign-ins to the two places of AWS that speak the Messages API."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui.credentials.accounts import Account
from candela_tui.providers.claude_aws.sign_in import SIGN_IN as CLAUDE_AWS
from candela_tui.providers.identity import Provider
from candela_tui.providers.mantle.sign_in import SIGN_IN as MANTLE
from tests.credentials.sign_in.aws_context import SignInSetup
from tests.credentials.sign_in.user import User

KEY = "aws-external-anthropic-api-key-000000000000abcd"


@pytest.fixture(autouse=True)
def on_no_cloud(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_AWS_API_KEY", "ANTHROPIC_AWS_WORKSPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


async def _sign_in(setup: SignInSetup, method: str, user: User) -> Account | None:
    methods = {each.id: each for each in await CLAUDE_AWS.methods(setup.context)}
    return await methods[method].run(setup.context, user)


async def test_an_api_key_is_kept_with_region_and_workspace(setup: SignInSetup) -> None:
    user = User(KEY, "wrkspc_01Mine", choices=["us-west-2"])
    account = await _sign_in(setup, "key", user)
    assert account is not None
    assert setup.accounts.of(Provider.CLAUDE_AWS) == account
    assert setup.vault.read("claude-aws-api-key") == KEY
    assert (setup.settings.aws.region, setup.settings.claude_aws.workspace) == ("us-west-2", "wrkspc_01Mine")
    [found] = await CLAUDE_AWS.find(setup.context)
    assert (found.usable, KEY in found.detail) == (True, False)
    assert "was deleted from" in await CLAUDE_AWS.forget(setup.context)
    assert setup.vault.read("claude-aws-api-key") is None


async def test_what_is_no_workspace_is_asked_again(setup: SignInSetup) -> None:
    user = User(KEY, "my workspace", "wrkspc_01Mine", choices=["us-west-2"])
    await _sign_in(setup, "key", user)
    assert "begins with wrkspc_" in user.words
    assert setup.settings.claude_aws.workspace == "wrkspc_01Mine"


async def test_keys_without_a_workspace_are_found_but_not_usable(
    setup: SignInSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_AWS_API_KEY", KEY)
    [found] = await CLAUDE_AWS.find(setup.context)
    assert (found.source, found.usable) == ("ANTHROPIC_AWS_API_KEY", False)
    assert "no workspace is set" in found.detail
    monkeypatch.setenv("ANTHROPIC_AWS_WORKSPACE_ID", "wrkspc_01Mine")
    assert [one.usable for one in await CLAUDE_AWS.find(setup.context)] == [True]
    assert await CLAUDE_AWS.who(setup.context) == []
    monkeypatch.delenv("ANTHROPIC_AWS_WORKSPACE_ID")
    [line] = await CLAUDE_AWS.who(setup.context)
    assert (line.state, line.fix) == ("bad", "`candela config set claude_aws.workspace ID`")


async def test_a_placeholder_in_the_variable_is_no_key(setup: SignInSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_AWS_API_KEY", "candela")
    assert await CLAUDE_AWS.find(setup.context) == []


async def test_the_sign_in_to_aws_serves_both_but_an_api_key_of_bedrock_serves_mantle_only(
    setup: SignInSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_AWS_WORKSPACE_ID", "wrkspc_01Mine")
    setup.accounts.put(Provider.BEDROCK, Account("file", "here", "arn:aws:iam::1:user/me", datetime.now(UTC)))
    assert [one.source for one in await MANTLE.find(setup.context)] == ["here"]
    assert [one.source for one in await CLAUDE_AWS.find(setup.context)] == ["here"]
    setup.accounts.put(Provider.BEDROCK, Account("file", "here", "Bedrock API key …abcd", datetime.now(UTC)))
    assert [one.source for one in await MANTLE.find(setup.context)] == ["here"]
    assert await CLAUDE_AWS.find(setup.context) == []
    assert "api-key" not in [method.id for method in await CLAUDE_AWS.methods(setup.context)]


@pytest.mark.parametrize("sign_in", [MANTLE, CLAUDE_AWS])
async def test_signing_out_leaves_the_sign_in_to_aws_and_says_how_to_end_it(setup: SignInSetup, sign_in) -> None:
    account = Account("file", "here", "arn:aws:iam::1:user/me", datetime.now(UTC))
    setup.accounts.put(Provider.BEDROCK, account)
    assert "`candela auth logout --provider aws` ends" in await sign_in.forget(setup.context)
    assert setup.accounts.of(Provider.BEDROCK) == account
