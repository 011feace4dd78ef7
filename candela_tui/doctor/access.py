"""Whether each provider lets candela in, and whether the model answers there: asked as the proxy itself asks, without
it. Only if the credentials are locked for the doctor is a running candela asked, which may have them open."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Self

from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.credentials.sign_in.live_check import LiveCheck, fix_of_web_page
from candela_tui.credentials.state import Standing
from candela_tui.credentials.vault.readable import standing_of_vault
from candela_tui.doctor.check_result import CheckResult, CheckState, Topic
from candela_tui.doctor.configuration import correction
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.credentials import running_states
from candela_tui.doctor.models import requested_model
from candela_tui.doctor.providers_in_use import misspelt_place, providers_in_use
from candela_tui.doctor.run_checks import Check, in_thread
from candela_tui.protocol.errors import error_in_answer, page_title
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.own_requests import OwnRequests
from candela_tui.providers.package import Answer
from candela_tui.providers.registry import checks_of
from candela_tui.proxy.listen import HOST

_LIMIT_S = 30.0


def access_checks() -> list[Check]:
    """One for each provider."""
    return [
        Check(_topic(provider), partial(check_access, provider), _LIMIT_S, asks_providers=True) for provider in Provider
    ]


async def check_access(provider: Provider, context: DoctorContext) -> Sequence[CheckResult]:
    """Ask the provider with candela's own credentials."""
    topic = _topic(provider)
    if provider not in await in_thread(lambda: providers_in_use(context)):
        return [topic.ok("not set up")]
    checks = await in_thread(lambda: checks_of(provider))
    try:
        async with _UpstreamProbe(context, provider) as client:
            found = as_check(topic, await checks.access(context, client))
            if found.state is CheckState.BAD and client.page_status is not None:
                # No sign-in and no permission helps: the provider has not answered.
                found = replace(found, fix=fix_of_web_page(client.page_status, PROVIDERS[provider].short_title))
    except OSError as error:  # Of proxy.ca_bundle, which every connection needs.
        return [topic.bad(str(error), correction(context, [str(error)]))]
    if found.state is not CheckState.BAD:
        return [found]
    if await _is_locked_here(context, provider):
        if await in_thread(lambda: running_states(context)) is not None:
            return [as_check(topic, await _by_running_candela(context, provider))]
        return [replace(found, fix="")]  # The words say how to open it.
    return [await misspelt_place(provider, context, topic) or found]


async def _is_locked_here(context: DoctorContext, provider: Provider) -> bool:
    """Return whether this process, other than perhaps a running candela, can't open the vault of the sign-in."""
    try:
        account = await in_thread(lambda: Accounts(context.paths.accounts).of(provider))
    except CredentialsError:
        return False
    wrong = await standing_of_vault(account.store, context.paths.vault) if account is not None else None
    return wrong is not None and wrong[0] is Standing.LOCKED


async def _by_running_candela(context: DoctorContext, provider: Provider) -> CheckLine:
    live = LiveCheck(f"{HOST}:{context.settings.proxy.port}", provider, context.paths.token)
    lines = [line async for line in live.lines()]
    return next((line for line in lines if line.state == "bad"), lines[-1])


def as_check(topic: Topic, line: CheckLine) -> CheckResult:
    """Return what a provider's own check found, as the doctor says it."""
    return CheckResult(topic.id, topic.title, CheckState(line.state), line.words, line.fix)


def _topic(provider: Provider) -> Topic:
    return Topic(f"provider.{provider}-access", f"candela's access to {PROVIDERS[provider].short_title}")


class _UpstreamProbe:
    """Asks one upstream what Claude Code would."""

    def __init__(self, context: DoctorContext, provider: Provider) -> None:
        self._context = context
        self._provider = provider
        self.page_status: int | None = None
        """The status of the last answer that was a web page."""

    async def __aenter__(self) -> Self:
        self._requests = await OwnRequests(self._context.settings, self._context.paths).__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._requests.__aexit__()

    async def model(self) -> str:
        """Return the model that Claude Code would ask for."""
        return await in_thread(lambda: requested_model(self._context, self._provider))

    async def models(self) -> Answer:
        """List the models."""
        return await self._ask("GET", "/v1/models?limit=1000", b"", "data")

    async def count(self, model: str) -> Answer:
        """Count the tokens of one word, which costs nothing."""
        body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hi"}]}).encode()
        return await self._ask("POST", "/v1/messages/count_tokens", body, "input_tokens")

    async def _ask(self, method: str, path: str, body: bytes, member: str) -> Answer:
        reply = await self._requests.ask(self._provider, method, path, body)
        if page_title(reply.body) is not None:
            self.page_status = reply.status
        return Answer(reply.status, reply.body, error_in_answer(reply.status, reply.body, member))
