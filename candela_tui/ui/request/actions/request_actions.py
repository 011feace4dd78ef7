"""What the keys of the request screen do beyond it: copying, saving, opening in other programs."""

import asyncio
import binascii
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from pathlib import Path
from typing import Protocol

from textual.screen import Screen

from candela_tui.store.errors import StoreError
from candela_tui.ui import clipboard, words
from candela_tui.ui.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.new_file import write_new
from candela_tui.ui.request.actions.choices import Choice, copy_choices, save_choices, suffix
from candela_tui.ui.request.actions.contents import answer_body, page_text
from candela_tui.ui.request.actions.outside import Program, open_outside, show_outside
from candela_tui.ui.request.attachment import Attachment, current_attachment
from candela_tui.ui.request.open_pages import OpenPages
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.request.raw_request import RawRequestPage
from candela_tui.ui.request.raw_response import RawResponsePage


class Shown(Protocol):
    """What is on the screen."""

    @property
    def subject(self) -> Subject | None:
        """The request; None: it is still to be found, or not recorded."""

    @property
    def view(self) -> TextView:
        """What shows its page."""


class RequestActions:
    """Does things with what a screen shows. Each works in the background; the screen stays usable."""

    def __init__(self, screen: Screen[None], shown: Shown, pages: OpenPages) -> None:
        self._screen = screen
        self._shown = shown
        self._pages = pages

    def copy(self) -> None:
        """Copy the selection, else the block in view, else the tab."""
        choices = self._copy_choices()
        if choices:
            self._run(partial(self._copy, choices[0]))

    def choose_copy(self) -> None:
        """Ask what to copy."""
        self._choose("Copy", self._copy_choices(), self._copy)

    def choose_save(self) -> None:
        """Ask what to save."""
        subject, page = self._shown.subject, self._pages.page
        if subject is not None and page is not None:
            choices = save_choices(subject, page, current_attachment(self._shown.view))
            self._choose("Save into the current directory", choices, self._save)

    def show_outside(self, program: Program) -> None:
        """Show the tab in the user's pager or editor; what the current block carries in the desktop's own program."""
        subject, page = self._shown.subject, self._pages.page
        attachment = current_attachment(self._shown.view)
        if attachment is not None and program == "pager":
            self._run(partial(self._open_outside, attachment), group="outside", exclusive=False)
        elif subject is not None and page is not None:
            self._run(partial(self._show_outside, program, subject, page))

    def _copy_choices(self) -> list[Choice]:
        subject, page = self._shown.subject, self._pages.page
        if subject is None or page is None:
            return []
        return copy_choices(subject, page, self._shown.view, self._screen.get_selected_text())

    def _choose(self, title: str, choices: list[Choice], act: Callable[[Choice], Awaitable[None]]) -> None:
        def chosen(key: Hashable | None) -> None:
            for choice in choices:
                if choice.letter == key:
                    self._run(partial(act, choice))

        if choices:
            options = [Option(choice.letter, choice.letter, choice.name) for choice in choices]
            self._screen.app.push_screen(ChooseDialog(title, options), chosen)

    def _run(self, act: Callable[[], Awaitable[None]], *, group: str = "act", exclusive: bool = True) -> None:
        """Begin to act, where ``exclusive`` in the place of what its group does. It is made only when it begins, as
        another may take its place before."""
        told: Callable[[], Awaitable[None]] = partial(self._told, act)
        self._screen.run_worker(told, group=group, exclusive=exclusive)

    async def _told(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except StoreError as error:
            self._screen.notify(str(error), severity="warning")
        except binascii.Error as error:
            self._screen.notify(f"It is not base64, so it can't be decoded: {error}", severity="warning")
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            self._screen.notify(f"{place}{error.strerror or error}", severity="error")

    async def _copy(self, choice: Choice) -> None:
        await self._pages.written()
        content = await choice.content()
        if not content:
            self._screen.notify(f"There is nothing to copy: {choice.name} is empty.", timeout=3)
            return
        amount = words.size(len(content)) if isinstance(content, bytes) else f"{len(content):,} characters"
        clipboard.copy(self._screen, f"{choice.name} ({amount})", content)

    async def _save(self, choice: Choice) -> None:
        await self._pages.written()
        content = await choice.content()
        path = await asyncio.to_thread(write_new, Path.cwd(), choice.stem, choice.suffix, content)
        self._screen.notify(f"Written: {path} ({words.size(path.stat().st_size)})")

    async def _open_outside(self, attachment: Attachment) -> None:
        trouble = await open_outside(attachment.name, await attachment.content(), attachment.media_type)
        if trouble is not None:
            self._screen.notify(trouble, severity="warning")

    async def _show_outside(self, program: Program, subject: Subject, page: Page) -> None:
        await self._pages.written()
        if isinstance(page, RawResponsePage) and not page.framed:
            content: str | bytes = await answer_body(subject, page.side)
            kind = suffix(subject, page.side)
        else:
            content = await page_text(page, subject)
            kind = ".json" if isinstance(page, RawRequestPage) else ".txt"
        trouble = show_outside(self._screen.app, program, content, kind)
        if trouble is not None:
            self._screen.notify(trouble, severity="warning")
