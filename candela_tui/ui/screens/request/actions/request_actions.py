"""Copy and save parts of the shown request, or open them in other programs."""

import asyncio
import binascii
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import Protocol

from textual.screen import Screen

from candela_tui.files import write_new
from candela_tui.store.errors import StoreError
from candela_tui.text import amounts
from candela_tui.ui.deferred import deferred
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.screens.request.actions.choices import ContentChoice, copy_choices, save_choices, suffix
from candela_tui.ui.screens.request.actions.contents import answer_body, page_text
from candela_tui.ui.screens.request.actions.external_programs import Program, open_outside, show_outside
from candela_tui.ui.screens.request.conversation.attachments import Attachment, current_attachment
from candela_tui.ui.screens.request.open_pages import OpenPages
from candela_tui.ui.screens.request.pages.page import Page, ShownRequest
from candela_tui.ui.screens.request.pages.raw_request import RawRequestPage
from candela_tui.ui.screens.request.pages.raw_response import RawResponsePage
from candela_tui.ui.terminal import clipboard
from candela_tui.ui.widgets.text_view.text_view import TextView


class HasRequest(Protocol):
    """A screen that shows a request."""

    @property
    def request(self) -> ShownRequest | None:
        """The request; None while it is loading, or if it was not recorded."""

    @property
    def view(self) -> TextView:
        """The view that shows the page."""


class RequestActions:
    """Carry out actions on the shown request. Each runs in the background; the screen stays usable."""

    def __init__(self, screen: Screen[None], shown: HasRequest, pages: OpenPages) -> None:
        self._screen = screen
        self._shown = shown
        self._pages = pages

    def copy(self) -> None:
        """Copy the selection, else the current block, else the tab."""
        choices = self._copy_choices()
        if choices:
            self._run(deferred(self._copy, choices[0]))

    def choose_copy(self) -> None:
        """Ask what to copy."""
        self._choose("Copy", self._copy_choices(), self._copy)

    def choose_save(self) -> None:
        """Ask what to save."""
        request, page = self._shown.request, self._pages.page
        if request is not None and page is not None:
            choices = save_choices(request, page, current_attachment(self._shown.view))
            self._choose("Save to the current directory", choices, self._save)

    def show_outside(self, program: Program) -> None:
        """Show the tab in the user's pager or editor, or the current block's attachment in the desktop's program."""
        request, page = self._shown.request, self._pages.page
        attachment = current_attachment(self._shown.view)
        if attachment is not None and program == "pager":
            self._run(deferred(self._open_outside, attachment), group="outside", exclusive=False)
        elif request is not None and page is not None:
            self._run(deferred(self._show_outside, program, request, page))

    def _copy_choices(self) -> list[ContentChoice]:
        request, page = self._shown.request, self._pages.page
        if request is None or page is None:
            return []
        return copy_choices(request, page, self._shown.view, self._screen.get_selected_text())

    def _choose(
        self, title: str, choices: list[ContentChoice], act: Callable[[ContentChoice], Awaitable[None]]
    ) -> None:
        def chosen(key: Hashable | None) -> None:
            for choice in choices:
                if choice.letter == key:
                    self._run(deferred(act, choice))

        if choices:
            options = [Option(choice.letter, choice.letter, choice.name) for choice in choices]
            self._screen.app.push_screen(ChooseDialog(title, options), chosen)

    def _run(self, act: Callable[[], Awaitable[None]], *, group: str = "act", exclusive: bool = True) -> None:
        """Run an action in a worker, which replaces others of its group if ``exclusive``. The coroutine is created only
        when the worker starts, since another may replace it before that."""
        told = deferred(self._told, act)
        self._screen.run_worker(told, group=group, exclusive=exclusive)

    async def _told(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except StoreError as error:
            self._screen.notify(str(error), severity="warning")
        except binascii.Error as error:
            self._screen.notify(f"The data can't be decoded: it is not valid base64 ({error})", severity="warning")
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            self._screen.notify(f"{place}{error.strerror or error}", severity="error")

    async def _copy(self, choice: ContentChoice) -> None:
        await self._pages.written()
        content = await choice.content()
        if not content:
            self._screen.notify(f"Nothing to copy: {choice.name} is empty.", timeout=3)
            return
        amount = amounts.size(len(content)) if isinstance(content, bytes) else f"{len(content):,} characters"
        clipboard.copy(self._screen, f"{choice.name} ({amount})", content)

    async def _save(self, choice: ContentChoice) -> None:
        await self._pages.written()
        content = await choice.content()
        path = await asyncio.to_thread(write_new, Path.cwd(), choice.stem, choice.suffix, content)
        self._screen.notify(f"Saved {path} ({amounts.size(path.stat().st_size)})")

    async def _open_outside(self, attachment: Attachment) -> None:
        trouble = await open_outside(attachment.name, await attachment.content(), attachment.media_type)
        if trouble is not None:
            self._screen.notify(trouble, severity="warning")

    async def _show_outside(self, program: Program, request: ShownRequest, page: Page) -> None:
        await self._pages.written()
        if isinstance(page, RawResponsePage) and not page.framed:
            content: str | bytes = await answer_body(request, page.side)
            kind = suffix(request, page.side)
        else:
            content = await page_text(page, request)
            kind = ".json" if isinstance(page, RawRequestPage) else ".txt"
        trouble = show_outside(self._screen.app, program, content, kind)
        if trouble is not None:
            self._screen.notify(trouble, severity="warning")
