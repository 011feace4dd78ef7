"""Find what is wrong with settings that their form does not show: missing files, names that nothing has, filters
with a mistake."""

from collections.abc import Iterator, Sequence

from candela_tui.config import RulesSettings, Settings, TeamSettings, UiSettings
from candela_tui.text.terminal_safe import terminal_safe


def setting_mistakes(settings: Settings) -> Sequence[str]:
    """Return what is wrong, one line for each mistake, with the key. Blocks."""
    found = (
        *_unreadable_certificates(settings),
        *_wrong_managed_settings(settings.team),
        *_unknown_theme(settings.ui),
        *_wrong_keys(settings.ui),
        *_wrong_rules(settings),
    )
    return [terminal_safe(mistake) for mistake in found]


def setting_warnings(settings: Settings) -> Sequence[str]:
    """Return what is probably wrong, one line for each, with the key. Blocks."""
    return [terminal_safe(warning) for warning in (*_unknown_regions(settings), *_lone_certificate(settings))]


def _unreadable_certificates(settings: Settings) -> Iterator[str]:
    if settings.proxy.ca_bundle is not None:
        from candela_tui.network.tls import tls_context

        try:
            tls_context(settings.proxy)
        except OSError as error:
            yield str(error)
    # One of them alone is a warning: they are set one after the other.
    if settings.proxy.tls_cert is not None and settings.proxy.tls_key is not None:
        from candela_tui.network.server_certificate import CertificateError, ServerCertificate

        try:
            ServerCertificate.of(settings.proxy, lambda _: None)
        except CertificateError as error:
            yield str(error)


def _wrong_managed_settings(settings: TeamSettings) -> Iterator[str]:
    if settings.managed_settings is not None:
        from candela_tui.config.managed_settings import ManagedSettingsError, read_managed_settings

        try:
            read_managed_settings(settings.managed_settings)
        except ManagedSettingsError as error:
            yield str(error)


def _unknown_regions(settings: Settings) -> Sequence[str]:
    if all(section.region is None for section in (settings.aws, settings.mantle, settings.claude_aws)):
        return ()
    from candela_tui.providers.bedrock.region_checks import unknown_regions

    return tuple(unknown_regions(settings))


def _lone_certificate(settings: Settings) -> Iterator[str]:
    if settings.proxy.tls_cert != settings.proxy.tls_key:
        from candela_tui.network.server_certificate import lone_file

        if (lone := lone_file(settings.proxy)) is not None:
            yield lone


def _unknown_theme(settings: UiSettings) -> Iterator[str]:
    if settings.theme != UiSettings().theme:
        from candela_tui.ui.keys.commands import nearest
        from candela_tui.ui.style.themes import theme_names

        names = theme_names()
        if settings.theme not in names:
            near = nearest(settings.theme, names)
            remedy = f"did you mean {near!r}?" if near else ":theme in the dashboard lists them"
            yield f"ui.theme: there is no theme {settings.theme!r}; {remedy}"


def _wrong_keys(settings: UiSettings) -> Sequence[str]:
    if not settings.keys:
        return ()
    from candela_tui.ui.keys.keymap import keymap

    return keymap(settings.keys).mistakes


def _wrong_rules(settings: Settings) -> Sequence[str]:
    if settings.rules == RulesSettings():
        return ()
    from candela_tui.rules.mistakes import rule_mistakes

    return rule_mistakes(settings.rules)
