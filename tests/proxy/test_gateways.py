"""What is recorded of an answer that came through a gateway."""

import json
from decimal import Decimal

import aiohttp

from candela_tui.exchange import Difference, Exchange
from tests.protocol.test_gateways import LITELLM
from tests.proxy.running import RunningProxy
from tests.standin import Provider, error, message, text, usage

USAGE = usage(12, read=4096, write_5m=1024, write_1h=2048)


async def _asked(
    candela: RunningProxy, client: aiohttp.ClientSession, model: str = "claude-opus-5-5", **headers: str
) -> Exchange:
    body = {"model": model, "max_tokens": 64, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    async with client.post(f"{candela.url}/v1/messages", data=json.dumps(body), headers=headers) as answer:
        await answer.read()
    return await candela.exchange()


async def test_the_model_that_the_gateway_states_answered_not_the_alias_in_the_body(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("ok"), model="claude-opus-5-5", usage=USAGE, headers=[*LITELLM, ("request-id", "r")]))
    agent = {"User-Agent": "claude-cli/2.1.332"}
    exchange = await _asked(candela, client, **agent)
    assert (exchange.gateway, exchange.model_used, exchange.model_stated) == (
        "LiteLLM",
        "claude-sonnet-4-6",
        "claude-opus-5-5",
    )
    assert exchange.cost is not None
    # As LiteLLM itself says of this answer in x-litellm-response-cost, where it is not streamed.
    assert (exchange.cost.total, exchange.cost.at_least) == (Decimal("0.0176178"), False)
    assert exchange.cost_notes == ()
    assert exchange.differences == (Difference("model", "claude-opus-5-5", "claude-sonnet-4-6"),)
    assert exchange.client_cost == Decimal("0.0226712")
    assert exchange.rate_limits == (("anthropic-ratelimit-unified-5h-utilization", "0.42"),)
    await candela.stop(0)
    [stored] = candela.reader.exchanges()
    assert (stored.gateway, stored.model_stated) == ("LiteLLM", "claude-opus-5-5")


async def test_an_alias_of_a_model_of_ones_own_has_no_price_and_saves_nothing(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    headers = [("x-litellm-model-name", "hosted_vllm/qwen3")]
    provider.answer(message(text("ok"), model="claude-opus-5-5", usage=USAGE, headers=headers))
    exchange = await _asked(candela, client)
    assert (exchange.model_used, exchange.unpriced_model) == ("hosted_vllm/qwen3", "hosted_vllm/qwen3")
    assert (exchange.cost, exchange.saved) == (None, None)


async def test_a_price_of_a_model_that_the_gateway_does_not_confirm_is_marked(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(message(text("ok"), model="claude-opus-5-5", usage=USAGE, headers=[("x-portkey-trace-id", "t")]))
    exchange = await _asked(candela, client)
    assert (exchange.gateway, exchange.model_used, exchange.model_stated) == ("Portkey", "claude-opus-5-5", None)
    assert exchange.cost is not None
    assert (exchange.cost.total, exchange.cost.at_least) == (Decimal("0.0226712"), False)
    assert exchange.cost_notes == ("Portkey does not state which model answered: priced as claude-opus-5-5",)


async def test_the_dated_name_in_the_answer_stays_where_the_gateway_states_the_same_model(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    headers = [("x-litellm-model-name", "anthropic/claude-haiku-4-5")]
    provider.answer(message(text("ok"), model="claude-haiku-4-5-20251001", usage=USAGE, headers=headers))
    exchange = await _asked(candela, client, "claude-haiku-4-5")
    assert (exchange.model_used, exchange.model_stated) == ("claude-haiku-4-5-20251001", None)
    assert (exchange.differences, exchange.cost_notes) == ((), ())


async def test_a_model_on_a_cloud_has_the_clouds_price(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    headers = [("x-litellm-model-name", "bedrock/us.anthropic.claude-opus-4-8")]
    provider.answer(message(text("ok"), model="claude-opus-4-8", usage=usage(1_000_000), headers=headers))
    exchange = await _asked(candela, client, "claude-opus-4-8")
    assert exchange.cost is not None
    assert exchange.cost.input == Decimal("5.5")


async def test_an_error_of_the_gateway_names_it(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession
) -> None:
    provider.answer(error(400, "Invalid model name", headers=[("x-litellm-version", "1.108.7")]))
    exchange = await _asked(candela, client)
    assert (exchange.gateway, exchange.cost, exchange.cost_notes) == ("LiteLLM", None, ())
