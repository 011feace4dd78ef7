"""The demo: the real proxy, store and dashboard, with a simulated provider and simulated sessions."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from candela_tui.cli.claude.environment import loopback_exception
from candela_tui.cli.dashboard.own import show_start, stop
from candela_tui.cli.dashboard.start import Start
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.logging_setup import log_beside_the_store
from candela_tui.cli.process.port import refused, take_port
from candela_tui.cli.terminal.run_dashboard import report_crash, require_terminal
from candela_tui.config import AnthropicSettings, Settings, SinkSettings, StoreSettings, TelemetrySettings, load
from candela_tui.demo.play import Demo
from candela_tui.providers.identity import RouteName
from candela_tui.proxy.listen import PortTaken

_NOTE = "Demo: simulated sessions, no account, and nothing leaves this machine"

_RULES = "demo-rules.toml"
"""The demo's own rules, beside its records."""
_SAMPLE = """\
# The rules of the demo. Yours are in config.toml.
[[rules.budgets]]
name = "my day"
window = "day"
limit_usd = 25
on_breach = "warn"
"""


def play(invocation: Invocation, port: int | None, speed: float) -> int:
    """Play the demo until the user quits, and return the exit code. Its records are deleted at the end, unless
    ``invocation`` names a data directory."""
    require_terminal("Run `candela demo` in one.")
    invocation = replace(invocation, in_file=True)
    if invocation.data is not None:
        return _play(invocation, port, speed)
    with tempfile.TemporaryDirectory(prefix="candela-demo-", ignore_cleanup_errors=True) as directory:
        return _play(replace(invocation, data=Path(directory)), port, speed)


def _play(invocation: Invocation, port: int | None, speed: float) -> int:
    settings = invocation.settings()
    try:
        sock = take_port(port or 0)
    except PortTaken as taken:
        raise refused(taken) from None
    os.environ.update(loopback_exception(os.environ))
    simulation = Demo(speed=speed)
    rules = _rules(invocation)
    settings = _settings_for_demo(settings, simulation.start_provider(), rules)
    with log_beside_the_store(invocation):
        start = Start(
            settings,
            invocation,
            sock,
            on_started=lambda: simulation.start_client(url, start.feed.notify),
            rules_file=rules,
            environ={},
        )
        url = f"http://{start.address}"
        try:
            end = show_start(start, settings, invocation, demo_note=_NOTE)
        finally:
            simulation.stop()
        if end.crash is not None:
            # The simulated provider has stopped, so there is no reason to keep the proxy running.
            report_crash(end.crash, invocation, "the demo has ended, too.")
        if start.engine is not None:
            stop(start.engine)
        return end.code


def _rules(invocation: Invocation) -> Path:
    """Return the file with the demo's rules, made if it is not there."""
    file = invocation.data_directory() / _RULES
    if not file.exists():
        file.write_text(_SAMPLE)
    return file


def _settings_for_demo(settings: Settings, base_url: str, rules: Path) -> Settings:
    """Return the settings with the simulated Anthropic as the default route, and without what the user has for real
    requests: the store, rules, sinks and telemetry."""
    changed = {
        "proxy": settings.proxy.model_copy(update={"default_route": RouteName.DIRECT, "listen": None}),
        "anthropic": AnthropicSettings(base_url=base_url),
        "rules": load(rules, {}).rules,
        "store": StoreSettings(),
        "sinks": SinkSettings(),
        "telemetry": TelemetrySettings(),
    }
    return settings.model_copy(update=changed)
