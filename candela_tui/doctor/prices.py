"""Models that were used lately and have no price."""

from collections.abc import Sequence

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.models import recent_exchanges
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage
from candela_tui.store.errors import StoreError
from candela_tui.text.times import utc_now

TOPIC = Topic("data.prices", "Prices")
_SOME = Usage(input_tokens=1, output_tokens=1)


def check_prices(context: DoctorContext) -> Sequence[CheckResult]:
    """Price each model of the last week again: a price may have been set since. Blocks."""
    try:
        seen = {
            (one.provider, one.region, one.model_sent, one.model, one.model_used): None
            for one in recent_exchanges(context)
            if one.model is not None and one.usage is not None
        }
    except StoreError as error:
        return [TOPIC.unknown(f"the records can't be read: {error}")]
    if not seen:
        return [TOPIC.ok("no model was used in the last week")]
    pricer, now = Pricer(context.settings.pricing), utc_now()
    unpriced: dict[str, None] = {}
    for provider, region, sent, asked, used in seen:
        priced = pricer.price(
            _SOME,
            provider=provider,
            model_asked=asked,
            model_used=used,
            at=now,
            final=True,
            region=region,
            model_sent=sent,
        )
        if priced.unpriced_model is not None:
            unpriced[priced.unpriced_model] = None
    if not unpriced:
        return [TOPIC.ok("every model of the last week has one")]
    first = next(iter(unpriced))
    setting = f"candela config set 'pricing.models.\"{first}\"' '{{ input = …, output = … }}'"
    fix = f"`{setting}`, with its prices in USD per million tokens"
    return [TOPIC.warn(f"there are none for {', '.join(unpriced)}: their requests show –", fix)]
