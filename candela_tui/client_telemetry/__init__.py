"""Telemetry that Claude Code sends to candela: what it measured is joined to the requests, and all is passed on."""
