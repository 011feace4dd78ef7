"""Which model Claude Code asks for, and whether the clouds have it under the name that candela gives it there."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from candela_tui.doctor.check_result import CheckResult, CheckState, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, settings_files
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.providers_in_use import misspelt_place, providers_in_use
from candela_tui.doctor.run_checks import in_thread
from candela_tui.exchange import Exchange
from candela_tui.protocol.model_ids import model_name
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.registry import checks_of
from candela_tui.store.errors import StoreError
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import utc_now

TOPIC = Topic("provider.models", "Region and model")
_LATELY = timedelta(days=7)
_MOST = 2000
_USUAL = "claude-sonnet-4-5"
"""Where nothing tells: it is there in most regions of both clouds."""
_SMALLEST = "claude-haiku-4-5"
"""Where nothing tells, at Bedrock's Messages endpoint: it has no other model before 4.7."""


def recent_exchanges(context: DoctorContext) -> list[Exchange]:
    """What was recorded in the last week. Blocks. Raises StoreError."""
    reader = StoreReader(context.paths.store)
    try:
        return reader.exchanges(ExchangeQuery(since=utc_now() - _LATELY, limit=_MOST))
    finally:
        reader.close()


def requested_model(context: DoctorContext, provider: Provider) -> str:
    """The model that Claude Code would ask for: what it is set to, else what it last asked this provider for, else a
    usual one. Blocks."""
    if (configured := _configured(context)) is not None:
        return _named(configured, provider)
    try:
        seen = [one.model for one in recent_exchanges(context) if one.provider == provider and one.model]
    except StoreError:
        seen = []
    if seen:
        return seen[-1]
    return _named(_SMALLEST if PROVIDERS[provider].model_prefix else _USUAL, provider)


def _named(model: str, provider: Provider) -> str:
    """Return the name under which Claude Code asks a provider for a model, if it uses the provider's own switch."""
    prefix = PROVIDERS[provider].model_prefix
    return model if not prefix or prefix in model else prefix + model_name(model).base


def _configured(context: DoctorContext) -> str | None:
    files = settings_files(context)
    given = ClientEnvironment(context.environ, files).get("ANTHROPIC_MODEL")
    named = [given.value if given is not None else None, *(file.document.get("model") for file in reversed(files))]
    # "opus" and "default" are the client's own to resolve.
    return next((str(name) for name in named if isinstance(name, str) and model_name(name).version is not None), None)


async def check_models(context: DoctorContext) -> Sequence[CheckResult]:
    """Say what the model is called at each provider in use that has names of its own."""
    found = []
    for provider in await in_thread(lambda: providers_in_use(context)):
        check = checks_of(provider).model
        if check is None:
            continue
        model = await in_thread(partial(requested_model, context, provider))
        line = await check(context, model)
        result = CheckResult(TOPIC.id, TOPIC.title, CheckState(line.state), line.words, line.fix)
        # Online, the round trip shows whether there is such a region, which may be newer than what is known here.
        unproven = result.state is CheckState.OK and context.online
        found.append(result if unproven else await misspelt_place(provider, context, TOPIC) or result)
    return found or [TOPIC.ok("no cloud is set up")]
