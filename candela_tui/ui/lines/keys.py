"""The keys of a text view."""

from textual.binding import Binding, BindingType

TEXT_KEYS: list[BindingType] = [
    Binding("down,j", "lines(1)", "Down", show=False, id="text.down"),
    Binding("up,k", "lines(-1)", "Up", show=False, id="text.up"),
    Binding(
        "space,enter",
        "fold",
        "Fold",
        key_display="space",
        id="text.fold",
        tooltip="Show one line of the highlighted block, or all of it",
    ),
    Binding(
        "Z", "fold_all", "Fold all", show=False, id="text.fold_all", tooltip="Fold all blocks, or unfold them again"
    ),
    Binding("plus", "detail(1)", "Detail", key_display="+ −", id="text.more", tooltip="Show more of each block"),
    Binding("minus", "detail(-1)", "Less detail", show=False, id="text.less", tooltip="Show less of each block"),
    Binding(
        "L",
        "detail_kind",
        "Detail of a kind",
        show=False,
        id="text.detail_kind",
        tooltip="Choose the kind of blocks that + and − are for, or all of them",
    ),
    Binding("right_parenthesis,ctrl+down", "block(1)", "Next block", show=False, id="text.next_block", key_display=")"),
    Binding(
        "left_parenthesis,ctrl+up",
        "block(-1)",
        "Previous block",
        show=False,
        id="text.previous_block",
        key_display="(",
    ),
    Binding("o", "order", "Order", id="text.order", tooltip="List the blocks in another order"),
    Binding("O", "reverse", "Reverse", show=False, id="text.reverse", tooltip="Reverse the order of the blocks"),
    Binding("pagedown,ctrl+f,space", "pages(1)", "Page down", show=False, id="text.page_down"),
    Binding("pageup,ctrl+b", "pages(-1)", "Page up", show=False, id="text.page_up"),
    Binding("ctrl+d", "pages(0.5)", "Half a page down", show=False, id="text.half_page_down"),
    Binding("ctrl+u", "pages(-0.5)", "Half a page up", show=False, id="text.half_page_up"),
    Binding("home,g", "top", "Top", show=False, id="text.top"),
    Binding("end,G", "bottom", "Bottom, and follow", show=False, id="text.bottom"),
    Binding(
        "W", "wrap", "Wrap", show=False, id="text.wrap", tooltip="Break long lines at the width, or scroll sideways"
    ),
    Binding(
        "number_sign",
        "line_numbers",
        "Line numbers",
        key_display="#",
        show=False,
        id="text.line_numbers",
        tooltip="Number the lines of the raw bodies",
    ),
    Binding("right,greater_than_sign", "sideways(1)", "Right", show=False, id="text.right"),
    Binding("left,less_than_sign", "sideways(-1)", "Left", show=False, id="text.left"),
]
