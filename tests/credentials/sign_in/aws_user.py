"""A user who signs in to AWS, and knows beforehand what to answer to what."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from candela_tui.credentials.sign_in.prompter import Choice, default_first


class User:
    """Answers questions by a part of them, and notes all that is said. A question that nobody expects fails the
    test."""

    def __init__(self, *answers: tuple[str, str], browser: Callable[[str], Awaitable[object]] | None = None) -> None:
        """``answers``: (a part of the question, what is typed or the id that is chosen), in their order.
        ``browser`` follows the links that are shown, while the sign-in goes on."""
        self._browser = browser
        self._pages: list[asyncio.Task[object]] = []
        self._answers = list(answers)
        self.told: list[str] = []
        self.links: list[tuple[str, str | None]] = []
        self.offered: dict[str, list[Choice]] = {}
        """The choices of each question."""
        self.hidden: list[str] = []
        """The questions whose answer was not shown."""

    @property
    def done(self) -> bool:
        """Whether everything was asked."""
        return not self._answers

    @property
    def seen(self) -> str:
        """Everything that was on the screen, but for what was typed."""
        choices = [f"{one.title} {one.about}" for offered in self.offered.values() for one in offered]
        return "\n".join([*self.told, *self.offered, *choices])

    async def tell(self, words: str) -> None:
        """Read it."""
        self.told.append(words)

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Note it, and follow it if there is a browser."""
        self.links.append((url, code))
        if self._browser is not None:
            self._pages.append(asyncio.create_task(self._follow(self._browser, url)))

    async def closed_browser(self) -> list[object]:
        """What the browser showed, when every page has come."""
        return await asyncio.gather(*self._pages)

    async def ask(self, question: str, *, secret: bool = False, default: str = "", wrong: str = "", **_: object) -> str:
        """Type the answer; nothing takes the default."""
        self.told += [wrong] if wrong else []
        if secret:
            self.hidden.append(question)
        return self._next(question).strip() or default

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
        """Take the choice with the id, or type that name; nothing takes the first choice."""
        choices = default_first(choices, default, other)
        self.told += [wrong] if wrong else []
        self.offered[question] = choices
        wanted = self._next(question) or choices[0].id
        typed = [Choice(wanted, wanted)] if other else []
        return next(choice for choice in [*choices, *typed] if choice.id == wanted)

    @staticmethod
    async def _follow(browser: Callable[[str], Awaitable[object]], url: str) -> object:
        return await browser(url)

    def _next(self, question: str) -> str:
        assert self._answers, f"nobody expected to be asked: {question}"
        part, answer = self._answers.pop(0)
        assert part in question, f"asked {question!r} and not about {part!r}"
        return answer
