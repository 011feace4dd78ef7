"""Pictures of an exported page, as a browser shows it in light and dark."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from candela_tui.exchange import Exchange
from candela_tui.reports.page.document import page_pieces
from candela_tui.reports.report import export_of
from candela_tui.store.history import History

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_SIZE = "1200,1400"
_SCHEMES = {"dark": 0, "light": 1}
"""The colours that a user prefers, as Chromium counts them."""


def shoot_page(exchanges: list[Exchange], history: History, directory: Path) -> None:
    """Write the page of a session, and take its pictures. Without Chromium the old ones stay."""
    if _CHROMIUM is None:
        print("There is no Chromium (Debian: apt install chromium): the pictures of the page stay.")  # noqa: T201
        return
    with tempfile.TemporaryDirectory(prefix="candela-page-") as place:
        page = Path(place) / "page.html"
        page.write_bytes(b"".join(page_pieces(export_of(exchanges, history))))
        for scheme, number in _SCHEMES.items():
            subprocess.run(  # noqa: S603
                [
                    *(_CHROMIUM, "--headless", "--disable-gpu", "--hide-scrollbars", f"--window-size={_SIZE}"),
                    *(("--no-sandbox",) if os.getuid() == 0 else ()),
                    *(f"--user-data-dir={place}/profile", f"--blink-settings=preferredColorScheme={number}"),
                    *(f"--screenshot={directory / f'page-{scheme}.png'}", page.as_uri()),
                ],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
