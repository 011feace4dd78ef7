"""The key bindings of a text view."""

from textual.binding import BindingType

from candela_tui.ui.keys.bindings import bind

TEXT_KEYS: list[BindingType] = [
    bind("text.down", "down,j", "lines(1)", "Down", "One line down, or the next block in view"),
    bind("text.up", "up,k", "lines(-1)", "Up", "One line up, or the previous block in view"),
    bind(
        "text.fold",
        "space,enter",
        "fold",
        "Fold",
        "Fold or unfold the current block",
        shown_as="space",
        footer=True,
    ),
    bind("text.fold_all", "Z", "fold_all", "Fold all", "Fold or unfold all blocks"),
    bind("text.more", "plus", "detail(1)", "Detail", "Show more of each block", shown_as="+ −", footer=True),
    bind("text.less", "minus", "detail(-1)", "Less detail", "Show less of each block"),
    bind("text.detail_kind", "L", "detail_kind", "Detail of a kind", "Choose which kind of blocks + and − apply to"),
    bind(
        "text.next_block",
        "right_parenthesis,ctrl+down",
        "block(1)",
        "Next block",
        "Select the next block",
        shown_as=")",
    ),
    bind(
        "text.previous_block",
        "left_parenthesis,ctrl+up",
        "block(-1)",
        "Previous block",
        "Select the previous block",
        shown_as="(",
    ),
    bind("text.order", "o", "order", "Sort", "Sort the blocks differently", footer=True),
    bind("text.reverse", "O", "reverse", "Reverse", "Reverse the sort order"),
    # Where nothing folds, space scrolls to the next page, as in less.
    bind("text.page_down", "pagedown,ctrl+f,space", "pages(1)", "Page down", "Scroll down a page"),
    bind("text.page_up", "pageup,ctrl+b", "pages(-1)", "Page up", "Scroll up a page"),
    bind("text.half_page_down", "ctrl+d", "pages(0.5)", "Half a page down", "Scroll down half a page"),
    bind("text.half_page_up", "ctrl+u", "pages(-0.5)", "Half a page up", "Scroll up half a page"),
    bind("text.top", "home,g", "top", "Top", "Go to the first line"),
    bind("text.bottom", "end,G", "bottom", "Bottom", "Go to the last line, and follow the end"),
    bind("text.wrap", "W", "wrap", "Wrap", "Toggle line wrap"),
    bind(
        "text.line_numbers",
        "number_sign",
        "line_numbers",
        "Line numbers",
        "Toggle the line numbers of raw bodies",
        shown_as="#",
    ),
    bind(
        "text.right",
        "right,greater_than_sign",
        "sideways(1)",
        "Right",
        "Scroll right if lines are not wrapped",
    ),
    bind("text.left", "left,less_than_sign", "sideways(-1)", "Left", "Scroll left if lines are not wrapped"),
]
