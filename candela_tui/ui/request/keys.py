"""The keys of the request screen, those of the text that it shows aside."""

from collections.abc import Sequence

from textual.binding import Binding, BindingType


def request_keys(titles: Sequence[str]) -> list[BindingType]:
    """The keys, with a digit for the page of each title, 0 for the tenth."""
    return [
        Binding("escape,q", "back", "Back", id="request.back", tooltip="End the search, or go back to the list"),
        Binding(
            "left_square_bracket",
            "turn(-1)",
            "Tabs",
            key_display="[ ]",
            id="request.previous_tab",
            tooltip="Previous tab",
        ),
        Binding("right_square_bracket", "turn(1)", "Next tab", show=False, id="request.next_tab", tooltip="Next tab"),
        *(
            Binding(
                str(number % 10),
                f"open_page({number - 1})",
                title,
                show=False,
                id=f"request.{title.lower().replace(' ', '_')}",
                tooltip=f"The tab {title}",
            )
            for number, title in enumerate(titles, 1)
        ),
        Binding(
            "s",
            "other_side",
            "Side",
            id="request.side",
            tooltip="Raw tabs: the client's bytes or the provider's",
        ),
        Binding("J", "step(1)", "Next", id="request.next", tooltip="The next request, on the same tab"),
        Binding("K", "step(-1)", "Previous", id="request.previous", tooltip="The previous request, on the same tab"),
        Binding(
            "right_curly_bracket",
            "step_same_agent(1)",
            "Next of agent",
            key_display="}",
            show=False,
            id="request.next_of_agent",
            tooltip="The next request of the same agent",
        ),
        Binding(
            "left_curly_bracket",
            "step_same_agent(-1)",
            "Previous of agent",
            key_display="{",
            show=False,
            id="request.previous_of_agent",
            tooltip="The previous request of the same agent",
        ),
        Binding(
            "E", "next_error", "Next error", show=False, id="request.next_error", tooltip="The next failed request"
        ),
        Binding(
            "A",
            "next_agent",
            "Next agent",
            show=False,
            id="request.next_agent",
            tooltip="The next request of another agent",
        ),
        Binding("slash", "search", "Search", key_display="/", id="request.search", tooltip="Find words in the tab"),
        Binding("n", "hit(1)", "Next hit", show=False, id="request.next_hit", tooltip="The next place that was found"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="request.previous_hit", tooltip="The place before"),
        Binding("y", "copy", "Copy", id="request.copy", tooltip="Copy the selection, or the block in view, or all"),
        Binding(
            "Y",
            "choose_copy",
            "Copy …",
            show=False,
            id="request.copy_what",
            tooltip="Choose what to copy: also as curl",
        ),
        Binding(
            "e,w",
            "choose_save",
            "Save",
            id="request.save",
            tooltip="Write a body or the tab into the current directory",
        ),
        Binding("v", "outside('pager')", "Pager", id="request.pager", tooltip="Open the tab in $PAGER"),
        Binding(
            "V",
            "outside('editor')",
            "Editor",
            show=False,
            id="request.editor",
            tooltip="Open the tab's text in $EDITOR",
        ),
        Binding(
            "d", "compare", "Compare", id="request.compare", tooltip="Compare with the agent's request before this one"
        ),
        Binding("m", "mark", "Mark", show=False, id="request.mark", tooltip="Mark the request in its list"),
        Binding("f,F", "follow", "Follow", show=False, id="request.follow", tooltip="Stay at the end as the tab grows"),
        Binding(
            "p",
            "toggle_pretty",
            "Raw lines",
            show=False,
            id="request.raw_lines",
            tooltip="On the raw tabs: indented, or the bytes' own lines",
        ),
    ]
