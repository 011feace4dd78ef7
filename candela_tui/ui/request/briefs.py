"""The one line that says what a block of a conversation is."""

from dataclasses import dataclass

from candela_tui.ui.ink import Line, shortened
from candela_tui.ui.lines.content import TextContent
from candela_tui.ui.request.arguments import ArgumentsContent


@dataclass(frozen=True, slots=True)
class CallBrief:
    """A call in one line."""

    name: str
    content: ArgumentsContent

    def __call__(self, room: int) -> Line:
        rest = max(0, room - len(self.name) - 4)
        arguments = shortened(self.content.brief(rest), rest)
        return (("→ ", "accent"), (self.name, "accent"), ("  ", "text"), (arguments, "dim"))


@dataclass(frozen=True, slots=True)
class TextBrief:
    """The first words of a text, behind a label."""

    content: TextContent
    ink: str
    label: str = ""
    label_ink: str = "text"
    without: tuple[str, ...] = ()
    """What to leave out."""

    def __call__(self, room: int) -> Line:
        rest = max(0, room - len(self.label))
        text = self.content.beginning(rest + sum(map(len, self.without)))
        for part in self.without:
            text = text.replace(part, "")
        return ((self.label, self.label_ink), (shortened(text.strip(), rest), self.ink))
