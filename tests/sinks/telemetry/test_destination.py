"""Where telemetry goes: the settings first, then the standard variables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

from candela_tui.config import TelemetrySettings
from candela_tui.sinks.telemetry.destination import Signal, destination, share_of_traces
from candela_tui.sinks.telemetry.identifiers import is_sampled, parent_of, with_span


def of(environ: dict[str, str] | None = None, **settings: Any) -> Any:
    return destination(TelemetrySettings.model_validate(settings), environ or {})


def test_the_signals_have_paths_below_the_endpoint_and_none_over_grpc() -> None:
    assert [of(otlp_endpoint="http://collector:4318/otlp/").url(signal) for signal in Signal] == [
        "http://collector:4318/otlp/v1/traces",
        "http://collector:4318/otlp/v1/metrics",
        "http://collector:4318/otlp/v1/logs",
    ]
    assert of(otlp_endpoint="https://api.service.example/v1/traces").url(Signal.LOGS) == (
        "https://api.service.example/v1/logs"
    )
    assert of(otlp_endpoint="http://collector:4317", protocol="grpc").url(Signal.TRACES) == "http://collector:4317"


def test_the_standard_variables_count_where_the_settings_say_nothing() -> None:
    found = of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://one:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert (found.endpoint, found.grpc) == ("http://one:4317", True)
    assert of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://one"}, otlp_endpoint="http://two").endpoint == "http://two"
    own = of({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces/here"})
    assert own.url(Signal.TRACES) == "http://traces/here"
    assert own.url(Signal.LOGS) == "http://localhost:4318/v1/logs"
    assert of() is None


@pytest.mark.parametrize(
    ("sampler", "argument", "share"),
    [
        ("", "", 1.0),
        ("always_off", "", 0.0),
        ("parentbased_traceidratio", "0.25", 0.25),
        ("traceidratio", "many", 1.0),
    ],
)
def test_the_share_of_traces_is_that_of_the_standard_sampler(sampler: str, argument: str, share: float) -> None:
    environ = {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    assert share_of_traces(TelemetrySettings(), environ) == share
    assert share_of_traces(TelemetrySettings(sample=0.5), environ) == 0.5


@given(st.integers(1, 2**128 - 1), st.floats(0, 1))
def test_a_trace_is_sampled_as_the_sdk_decides(trace_id: int, share: float) -> None:
    decision = TraceIdRatioBased(share).should_sample(None, trace_id, "span").decision
    assert is_sampled(trace_id, share) is (decision is Decision.RECORD_AND_SAMPLE)


VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        VALID.replace("00-4b", "ff-4b"),
        VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        VALID.replace("00f067aa0ba902b7", "0" * 16),
        f"{VALID}-more",
        VALID.upper(),
    ],
)
def test_a_traceparent_that_is_not_valid_names_no_parent(value: str) -> None:
    assert parent_of((("traceparent", value),)) is None


def test_a_span_takes_the_place_of_the_clients_in_the_traceparent() -> None:
    assert with_span(VALID, 1) == "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01"
    assert with_span("nonsense", 1) is None
