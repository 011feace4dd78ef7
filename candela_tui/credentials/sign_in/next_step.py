"""What a sign-in ends with: how to start Claude Code with the provider, or what was kept although it does not work."""

from collections.abc import Iterable

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.credentials.sign_in.live_check import NOT_PROVEN
from candela_tui.providers.identity import Provider, route_to


def start_command(provider: Provider, settings: Settings) -> str:
    """Return the command that starts Claude Code with a provider, without ``--route`` if that is the default route."""
    return "candela claude" if is_default(provider, settings) else f"candela claude --route {route_to(provider).option}"


def is_default(provider: Provider, settings: Settings) -> bool:
    """Return whether the default route leads to a provider."""
    return settings.proxy.default_route is route_to(provider).name


def default_command(provider: Provider) -> str:
    """Return the command that makes a provider's route the default."""
    return f"candela config set proxy.default_route {route_to(provider).name}"


def kept_words(account: Account, lines: Iterable[CheckLine]) -> str:
    """Return a sentence about a stored sign-in of which the live check had bad results."""
    unproven = any(line.words.startswith(NOT_PROVEN) for line in lines if line.state == "bad")
    return f"{account.label} is kept, {'not proven' if unproven else 'but does not work yet'}."
