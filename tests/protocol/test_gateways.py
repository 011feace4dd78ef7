"""Which gateway answered, and what it says of the model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.gateways import Gateway, from_provider, gateway_of
from candela_tui.protocol.headers import rate_limits, request_id

LITELLM = (
    ("x-litellm-call-id", "2dfb7a72-cf43-4f4a-a38c-35ddffd295ff"),
    ("x-litellm-model-id", "5f6b12e03976111fba0c9180ccc0ce06dfd9208c0e9dbae1a4184f4592069330"),
    ("x-litellm-model-name", "anthropic/claude-sonnet-4-6"),
    ("x-litellm-version", "1.108.7"),
    ("llm_provider-request-id", "req_000004"),
    ("llm_provider-anthropic-ratelimit-unified-5h-utilization", "0.42"),
    ("x-litellm-model-group", "claude-opus-5-5"),
)
"""Of a streamed answer of LiteLLM 1.108.7, as observed."""


@pytest.mark.parametrize(
    ("headers", "gateway"),
    [
        (LITELLM, Gateway("LiteLLM", "claude-sonnet-4-6", "anthropic")),
        ((("X-LiteLLM-Model-Name", "hosted_vllm/qwen3"),), Gateway("LiteLLM", "hosted_vllm/qwen3")),
        (
            (("x-litellm-model-name", "bedrock/us.anthropic.claude-opus-4-8"),),
            Gateway("LiteLLM", "us.anthropic.claude-opus-4-8", "bedrock"),
        ),
        (
            (("x-litellm-model-name", "vertex_ai/claude-haiku-4-5@20251001"),),
            Gateway("LiteLLM", "claude-haiku-4-5@20251001", "vertex"),
        ),
        # Of a refusal of its own, it states no model.
        ((("x-litellm-call-id", "39ba3359"), ("x-litellm-version", "1.108.7")), Gateway("LiteLLM")),
        (
            (("x-bifrost-routing-info-provider", "anthropic"), ("x-bifrost-routing-info-model", "claude-sonnet-4-6")),
            Gateway("Bifrost", "claude-sonnet-4-6", "anthropic"),
        ),
        ((("x-bifrost-resolved-model", "gpt-5"), ("x-bifrost-provider", "openai")), Gateway("Bifrost", "gpt-5")),
        (
            (("cf-aig-model", "claude-haiku-4-5"), ("cf-aig-provider", "anthropic"), ("server", "cloudflare")),
            Gateway("Cloudflare AI Gateway", "claude-haiku-4-5", "anthropic"),
        ),
        ((("cf-aig-log-id", "01J"), ("cf-aig-cache-status", "MISS")), Gateway("Cloudflare AI Gateway")),
        ((("X-Kong-LLM-Model", "openai/gpt-4"), ("Via", "1.1 kong/3.9.1")), Gateway("Kong AI Gateway", "openai/gpt-4")),
        ((("Via", "1.1 google, 1.1 kong/3.9.1-enterprise-edition"),), Gateway("Kong")),
        ((("Server", "kong/3.9.1"),), Gateway("Kong")),
        ((("Ngrok-AIG-Model", "claude-opus-4-8"),), Gateway("ngrok AI Gateway", "claude-opus-4-8")),
        ((("x-portkey-trace-id", "t"),), Gateway("Portkey")),
        ((("Helicone-Id", "h"),), Gateway("Helicone")),
        # What stands before the provider itself is no gateway.
        ((("server", "cloudflare"), ("via", "1.1 google"), ("request-id", "req_1"), ("cf-ray", "8f")), None),
        ((("server", "uvicorn"),), None),
        ((), None),
    ],
)
def test_a_gateway_is_known_by_its_own_fields(headers, gateway):
    assert gateway_of(headers) == gateway


def test_a_hosted_gateway_is_known_by_its_address():
    assert gateway_of((), "https://openrouter.ai/api/v1/messages") == Gateway("OpenRouter")
    assert gateway_of((), "https://ai-gateway.vercel.sh/v1/messages") == Gateway("Vercel AI Gateway")
    assert gateway_of((), "https://api.anthropic.com/v1/messages") is None


def test_what_the_provider_said_is_found_under_the_name_that_the_gateway_gives_it():
    passed_on = from_provider(LITELLM)
    assert request_id(passed_on) == "req_000004"
    assert rate_limits(passed_on) == (("anthropic-ratelimit-unified-5h-utilization", "0.42"),)


NAMES = st.sampled_from(["x-litellm-model-name", "via", "server", "cf-aig-model", "x-kong-llm-model"])


@given(st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=4))
def test_no_header_fails_to_be_read(headers):
    gateway = gateway_of(headers)
    assert gateway is None or gateway.name
