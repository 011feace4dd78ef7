"""Find what is wrong with settings that their form does not show: missing files, names that nothing has."""

from collections.abc import Iterator, Sequence

from candela_tui.config import Settings, UiSettings
from candela_tui.text.terminal_safe import terminal_safe


def setting_mistakes(settings: Settings) -> Sequence[str]:
    """Return what is wrong, one line for each mistake, with the key. Blocks."""
    found = (*_unreadable_certificates(settings), *_unknown_theme(settings.ui), *_wrong_keys(settings.ui))
    return [terminal_safe(mistake) for mistake in found]


def setting_warnings(settings: Settings) -> Sequence[str]:
    """Return what is probably wrong, one line for each, with the key. Blocks."""
    return [terminal_safe(warning) for warning in _unknown_regions(settings)]


def _unknown_regions(settings: Settings) -> Iterator[str]:
    places = (
        ("aws", settings.aws.region, settings.aws.base_url),
        ("mantle", settings.mantle.region, settings.mantle.base_url),
        ("claude_aws", settings.claude_aws.region, settings.claude_aws.base_url),
    )
    for section, region, base_url in places:
        # An endpoint of one's own may have regions of its own.
        if region is None or base_url is not None:
            continue
        from candela_tui.providers.bedrock.region_checks import unknown_region

        # A region may be newer than the SDK, so this is no mistake.
        if (unknown := unknown_region(region)) is not None:
            yield f"{section}.region: {unknown[0]}"


def _unreadable_certificates(settings: Settings) -> Iterator[str]:
    if settings.proxy.ca_bundle is not None:
        from candela_tui.network.client_session import tls_context

        try:
            tls_context(settings.proxy)
        except OSError as error:
            yield str(error)


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
