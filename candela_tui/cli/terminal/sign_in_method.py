"""Choose how to sign in: by the options of the command, or else by asking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import click

from candela_tui.cli.terminal.prompter import TerminalPrompter
from candela_tui.credentials.sign_in.interface import OWN_LOGIN, Method, SignIn, SignInContext, own_login_only
from candela_tui.credentials.sign_in.options import Option
from candela_tui.credentials.sign_in.prompter import Choice

_EXISTING = "existing"


class Existing(Enum):
    """What is used instead of a sign-in."""

    FOUND = auto()
    """Credentials that were found on this machine."""
    OWN_LOGIN = auto()
    """Claude Code's own login, which candela passes on and has no part in."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the options of the command say."""

    method: str | None
    answers: Mapping[Option, str]
    with_key: bool
    """Whether a key is piped in."""

    @property
    def options(self) -> list[str]:
        """The options that answer something."""
        return [f"--{option}" for option in self.answers] + (["--with-key"] if self.with_key else [])


async def chosen_method(
    sign_in: SignIn, context: SignInContext, prompter: TerminalPrompter, given: Given
) -> Method | Existing:
    """Return the method to sign in with, or what is used instead.

    Raises click.UsageError if no method fits the options, or if it would ask something and there is no terminal."""
    for option, value in given.answers.items():
        if wrong := sign_in.forms[option](value) if option in sign_in.forms else "":
            raise click.UsageError(f"--{option} {value}: {wrong}")
    methods = _fitting(sign_in, await sign_in.methods(context), given)
    found = False
    if given.method is None and not given.options:
        findings = await sign_in.find(context)
        if own_login_only(findings):
            await prompter.tell(
                f"{OWN_LOGIN}, and needs no sign-in. To store an API key for other programs, add --method key."
            )
            return Existing.OWN_LOGIN
        found = any(finding.usable for finding in findings)
        if found:
            words = "\n".join(f"  {'✓' if one.usable else '○'} {one.source}: {one.detail}" for one in findings)
            await prompter.tell(f"Already found:\n{words}")
            if not prompter.interactive:
                return Existing.FOUND
    if not prompter.interactive:
        # Options name their method: the one that they leave the fewest questions of.
        chosen = min(methods, key=lambda method: len(_missing(method, given))) if given.options else methods[0]
        _require_answers(sign_in, chosen, given)
        return chosen
    choices = [Choice(method.key, method.title, method.about) for method in methods]
    if found:
        choices.append(Choice(_EXISTING, "Do not sign in", "use what was found"))
    if len(choices) == 1:
        await prompter.tell(f"Signing in to {sign_in.title}: {methods[0].title}")
        return methods[0]
    picked = await prompter.choose("How do you want to sign in?", choices)
    return next((method for method in methods if method.key == picked.id), Existing.FOUND)


def _fitting(sign_in: SignIn, methods: Sequence[Method], given: Given) -> list[Method]:
    """Return the methods that the options allow, at least one."""
    if not methods:
        raise click.ClickException(f"There is no sign-in method for {sign_in.title} on this machine.")
    known = ", ".join(dict.fromkeys(method.id for method in methods))
    if given.method is not None:
        methods = [method for method in methods if method.named(given.method)]
        if not methods:
            raise click.UsageError(
                f"{sign_in.title} has no sign-in method {given.method!r} on this machine. Methods: {known}."
            )
    asking = [
        method
        for method in methods
        if set(given.answers) <= set(method.asks) and (method.takes_key or not given.with_key)
    ]
    if not asking:
        which = f"The method {given.method}" if given.method else "No method"
        takes = "takes no" if given.method else "takes"
        raise click.UsageError(f"{which} of {sign_in.title} {takes} {' and '.join(given.options)}. Methods: {known}.")
    return _picked(asking, given) or asking


def _picked(methods: Sequence[Method], given: Given) -> list[Method]:
    """Return the methods whose choice an option names, such as a profile. Raises click.UsageError if none has it."""
    answers = {str(option): value for option, value in given.answers.items()}
    listed = [method for method in methods if method.picked and method.id in answers]
    if not listed:
        return []
    option = listed[0].id
    name = answers[option]
    named = [method for method in methods if method.id == option and method.picked in (name, "")]
    if not named:
        names = ", ".join(method.picked for method in listed)
        raise click.UsageError(f"--{option} {name}: there is no such {option}. There is {names}.")
    return named[:1]


def _missing(method: Method, given: Given) -> list[str]:
    """Return the options without which the method would have to ask."""
    missing = [f"--{option}" for option in method.needs if option not in given.answers]
    return [*missing, *(["--with-key"] if method.takes_key and not given.with_key else [])]


def _require_answers(sign_in: SignIn, method: Method, given: Given) -> None:
    name = f"{sign_in.title}, {method.title}"
    if method.by_hand:
        raise click.UsageError(
            f"{name}: this asks what only a terminal can answer. Run it in a terminal, or choose another --method."
        )
    if missing := _missing(method, given):
        raise click.UsageError(f"{name}: there is no terminal to ask on. Add {' '.join(missing)}.")
