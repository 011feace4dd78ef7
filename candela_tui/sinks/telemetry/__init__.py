"""[telemetry]: exchanges as traces, metrics and logs of OpenTelemetry. docs/telemetry.md describes them.

Only ``sink.py`` and what it imports while telemetry is on needs OpenTelemetry's packages, which are an extra.
"""
