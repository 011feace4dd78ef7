"""A secret and its account are stored together."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.sign_in.store_secret import store_secret
from candela_tui.credentials.vault.choice import Vault
from candela_tui.providers.identity import Provider
from tests.credentials.sign_in.aws_context import SignInSetup
from tests.credentials.sign_in.aws_user import User

PATIENCE_S = 30.0


class Watched(Accounts):
    """Says when an account was recorded."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.recorded = threading.Event()

    def put(self, provider: Provider, account: Account) -> Account | None:
        """Record it."""
        before = super().put(provider, account)
        self.recorded.set()
        return before


async def test_a_user_who_gives_up_while_the_vault_writes_leaves_no_secret_without_its_account(
    setup: SignInSetup,
) -> None:
    began, may_go_on = threading.Event(), threading.Event()
    accounts = Watched(setup.folder / "accounts.json")
    context = replace(setup.context, accounts=accounts)

    def write(vault: Vault) -> None:
        began.set()
        assert may_go_on.wait(PATIENCE_S)
        vault.write("entry", "the secret")

    storing = asyncio.create_task(store_secret(context, User(), Provider.ANTHROPIC, "entry", write, "a key"))
    assert await asyncio.to_thread(began.wait, PATIENCE_S)
    storing.cancel()
    await asyncio.wait({storing})
    assert storing.cancelled()
    may_go_on.set()
    assert await asyncio.to_thread(accounts.recorded.wait, PATIENCE_S)
    assert setup.vault.read("entry") == "the secret"
    recorded = accounts.of(Provider.ANTHROPIC)
    assert recorded is not None
    assert recorded.label == "a key"
