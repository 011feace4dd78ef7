"""What the user is told was served otherwise than asked."""

import pytest

from candela_tui.analysis.served import Asked, differences
from candela_tui.exchange import Difference
from candela_tui.protocol.usage import Usage


@pytest.mark.parametrize(
    ("asked", "served", "difference"),
    [
        pytest.param(
            Asked("claude-opus-4-8"), ("claude-haiku-4-5", Usage()), ("model", "claude-opus-4-8", "claude-haiku-4-5")
        ),
        pytest.param(Asked(speed="fast"), (None, Usage(speed="standard")), ("speed", "fast", "standard")),
        pytest.param(Asked(), (None, Usage(speed="fast")), ("speed", "standard", "fast")),
        pytest.param(Asked(), (None, Usage(service_tier="batch")), ("service_tier", "auto", "batch")),
        pytest.param(
            Asked(service_tier="standard_only"),
            (None, Usage(service_tier="priority")),
            ("service_tier", "standard_only", "priority"),
        ),
        pytest.param(
            Asked(inference_geo="us"), (None, Usage(inference_geo="global")), ("inference_geo", "us", "global")
        ),
        pytest.param(Asked(cache_ttls=("1h",)), (None, Usage(0, 0, 900, 0)), ("cache_ttl", "1h", "5m")),
        pytest.param(Asked(cache_ttls=("5m",)), (None, Usage(0, 0, 0, 900)), ("cache_ttl", "5m", "1h")),
    ],
)
def test_what_differs_is_told(asked, served, difference):
    model, usage = served
    assert differences(asked, usage, model) == (Difference(*difference),)


@pytest.mark.parametrize(
    ("asked", "model", "usage"),
    [
        (Asked("claude-sonnet-4-5"), "claude-sonnet-4-5-20250929", Usage()),
        (Asked("claude-opus-4-8[1m]"), "claude-opus-4-8", Usage()),
        (Asked("claude-opus-4-8"), None, None),
        (Asked(None), "claude-opus-4-8", Usage()),
        (Asked("us.anthropic.claude-sonnet-4-5-20250929-v1:0"), "claude-sonnet-4-5-20250929", Usage()),
        (Asked("claude-sonnet-4-5@20250929"), "claude-sonnet-4-5-20250929", Usage()),
        (Asked("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1"), "claude-opus-4-8", Usage()),
        (Asked(), None, Usage(speed="standard")),
        (Asked(speed="fast"), None, Usage(speed="fast")),
        (Asked(speed="fast"), None, Usage()),
        (Asked(service_tier="auto"), None, Usage(service_tier="priority")),
        (Asked(), None, Usage(service_tier="standard")),
        (Asked(service_tier="standard_only"), None, Usage(service_tier="standard")),
        (Asked(), None, Usage(inference_geo="us")),
        (Asked(inference_geo="us"), None, Usage(inference_geo="us")),
        (Asked(inference_geo="us"), None, Usage(inference_geo="not_available")),
        (Asked(cache_ttls=("1h",)), None, Usage(0, 0, 0, 900)),
        (Asked(cache_ttls=("1h",)), None, Usage(0, 900, 0, 0)),
        # The answer does not tell the lifetimes, or both were asked for.
        (Asked(cache_ttls=("1h",)), None, Usage(0, 0, 900, None)),
        (Asked(cache_ttls=("5m", "1h")), None, Usage(0, 0, 900, 0)),
        (Asked(cache_ttls=("1h",)), None, Usage(0, 0, 900, 900)),
        (Asked(), None, Usage(0, 0, 900, 0)),
    ],
)
def test_what_does_not_differ_or_is_not_told_is_no_news(asked, model, usage):
    assert differences(asked, usage, model) == ()


def test_several_differences_are_all_told():
    told = differences(Asked("a", "fast"), Usage(speed="standard"), "b")
    assert [difference.what for difference in told] == ["model", "speed"]
