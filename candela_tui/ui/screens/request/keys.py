"""The key bindings of the request screen; those of its text view are in the view."""

from collections.abc import Sequence

from textual.binding import BindingType

from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.widgets.tab_bar import TabName


def request_keys(tabs: Sequence[TabName]) -> list[BindingType]:
    """Return the key bindings. Each tab is opened by its key."""
    return [
        bind("request.back", "escape,q", "back", "Back", "Close the search, or go back to the list", footer=True),
        bind(
            "request.previous_tab",
            "left_square_bracket",
            "turn(-1)",
            "Tabs",
            "Previous tab",
            shown_as="[ ]",
            footer=True,
        ),
        bind("request.next_tab", "right_square_bracket", "turn(1)", "Next tab", "Next tab"),
        *(
            bind(
                f"request.{tab.name.lower().replace(' ', '_')}",
                tab.key,
                f"open_page({number})",
                tab.name,
                f"Show the {tab.name} tab",
            )
            for number, tab in enumerate(tabs)
        ),
        bind("request.side", "s", "other_side", "Side", "Raw tabs: show the client's or provider's bytes", footer=True),
        bind("request.next", "J", "step(1)", "Next", "Next request, on the same tab", footer=True),
        bind("request.previous", "K", "step(-1)", "Previous", "Previous request, on the same tab", footer=True),
        bind(
            "request.next_of_agent",
            "right_curly_bracket",
            "step_same_agent(1)",
            "Next of agent",
            "Next request of this agent",
            shown_as="}",
        ),
        bind(
            "request.previous_of_agent",
            "left_curly_bracket",
            "step_same_agent(-1)",
            "Previous of agent",
            "Previous request of this agent",
            shown_as="{",
        ),
        bind("request.next_error", "E", "next_error", "Next error", "Next request that failed"),
        bind("request.next_agent", "A", "next_agent", "Next agent", "Next request of another agent"),
        bind("request.search", "slash", "search", "Search", "Search the tab", shown_as="/", footer=True),
        bind("request.next_hit", "n", "hit(1)", "Next hit", "Next search hit"),
        bind("request.previous_hit", "N", "hit(-1)", "Previous hit", "Previous search hit"),
        bind("request.copy", "y", "copy", "Copy", "Copy the selection, the block or the tab", footer=True),
        bind("request.copy_what", "Y", "choose_copy", "Copy …", "Choose what to copy, such as a curl command"),
        bind(
            "request.save", "e,w", "choose_save", "Save", "Save a body or the tab to the current directory", footer=True
        ),
        bind("request.pager", "v", "outside('pager')", "Pager", "Open the tab in $PAGER", footer=True),
        bind("request.editor", "V", "outside('editor')", "Editor", "Open the tab's text in $EDITOR"),
        bind("request.compare", "d", "compare", "Compare", "Compare with the agent's previous request", footer=True),
        bind("request.mark", "m", "mark", "Mark", "Mark the request in its list"),
        bind("request.follow", "f,F", "follow", "Follow", "Follow the end as the tab grows"),
        bind("request.raw_lines", "p", "toggle_pretty", "Raw lines", "Raw tabs: toggle indented JSON"),
    ]
