"""The keys of a text view."""

from textual.binding import Binding, BindingType


def _key(keys: str, action: str, name: str, description: str, tooltip: str, *, shown_as: str | None = None) -> Binding:
    return Binding(keys, action, description, show=False, key_display=shown_as, tooltip=tooltip, id=f"text.{name}")


TEXT_KEYS: list[BindingType] = [
    _key("down,j", "lines(1)", "down", "Down", "A line down; at the end to the next block in view"),
    _key("up,k", "lines(-1)", "up", "Up", "A line up; at the top to the block before"),
    Binding(
        "space,enter",
        "fold",
        "Fold",
        key_display="space",
        id="text.fold",
        tooltip="Show one line of the chosen block, or all of it",
    ),
    _key("Z", "fold_all", "fold_all", "Fold all", "Fold all blocks, or unfold them again"),
    Binding("plus", "detail(1)", "Detail", key_display="+ −", id="text.more", tooltip="Show more of each block"),
    _key("minus", "detail(-1)", "less", "Less detail", "Show less of each block"),
    _key("L", "detail_kind", "detail_kind", "Detail of a kind", "Choose which kind of blocks + and − are for"),
    _key(
        "right_parenthesis,ctrl+down",
        "block(1)",
        "next_block",
        "Next block",
        "Highlight the next block below",
        shown_as=")",
    ),
    _key(
        "left_parenthesis,ctrl+up",
        "block(-1)",
        "previous_block",
        "Previous block",
        "Highlight the next block above",
        shown_as="(",
    ),
    Binding("o", "order", "Order", id="text.order", tooltip="List the blocks in another order"),
    _key("O", "reverse", "reverse", "Reverse", "Reverse the order of the blocks"),
    # Where nothing folds, space goes on to the next page, as in less.
    _key("pagedown,ctrl+f,space", "pages(1)", "page_down", "Page down", "Scroll down a page"),
    _key("pageup,ctrl+b", "pages(-1)", "page_up", "Page up", "Scroll up a page"),
    _key("ctrl+d", "pages(0.5)", "half_page_down", "Half a page down", "Scroll down half a page"),
    _key("ctrl+u", "pages(-0.5)", "half_page_up", "Half a page up", "Scroll up half a page"),
    _key("home,g", "top", "top", "Top", "Go to the first line"),
    _key("end,G", "bottom", "bottom", "Bottom", "To the last line, and stay at the end as it grows"),
    _key("W", "wrap", "wrap", "Wrap", "Break long lines at the width, or scroll sideways"),
    _key("number_sign", "line_numbers", "line_numbers", "Line numbers", "Number the lines of raw bodies", shown_as="#"),
    _key("right,greater_than_sign", "sideways(1)", "right", "Right", "Scroll to the right where lines are not broken"),
    _key("left,less_than_sign", "sideways(-1)", "left", "Left", "Scroll to the left where lines are not broken"),
]
