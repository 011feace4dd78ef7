"""Who signs in, in tests: does and answers what it was told beforehand."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from candela_tui.credentials.sign_in.prompter import Abandoned, Choice, default_first


class User:
    """Answers in their order; whoever runs out of them gives up."""

    def __init__(
        self,
        *answers: str,
        choices: Sequence[str] = (),
        follows: Callable[[str], Awaitable[object]] | None = None,
    ) -> None:
        """``choices`` are ids. ``follows``: what happens with a link; meanwhile the sign-in goes on."""
        self.answers = list(answers)
        self.choices = list(choices)
        self.follows = follows
        self.heard: list[str] = []
        """Everything that was told or asked."""
        self.was_told = asyncio.Event()
        self.links: list[str] = []
        self.offered: list[list[Choice]] = []
        self._browser: list[asyncio.Task[object]] = []

    @property
    def words(self) -> str:
        return "\n".join(self.heard)

    async def tell(self, words: str) -> None:
        self.heard.append(words)
        self.was_told.set()

    async def show_link(self, url: str, code: str | None = None) -> None:
        self.links.append(url)
        if self.follows is not None:
            self._browser.append(asyncio.create_task(self._follow(url)))

    async def ask(self, question: str, *, default: str = "", wrong: str = "", **_: object) -> str:
        self.heard += [wrong, question] if wrong else [question]
        await asyncio.gather(*self._browser)
        if not self.answers:
            raise Abandoned
        return self.answers.pop(0) or default

    async def choose(
        self,
        question: str,
        choices: Sequence[Choice],
        *,
        default: str = "",
        other: str = "",
        wrong: str = "",
        **_: object,
    ) -> Choice:
        choices = default_first(choices, default, other)
        self.heard += [wrong, question] if wrong else [question]
        self.offered.append(list(choices))
        if not self.choices:
            raise Abandoned
        wanted = self.choices.pop(0)
        typed = [Choice(wanted, wanted)] if other else []
        return next(choice for choice in [*choices, *typed] if choice.id == wanted)

    async def closed_browser(self) -> None:
        """When every page has been shown."""
        await asyncio.gather(*self._browser)

    async def _follow(self, url: str) -> object:
        assert self.follows is not None
        return await self.follows(url)
