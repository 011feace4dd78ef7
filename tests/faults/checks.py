"""What the tests of every table check of one cell."""

from candela_tui.exchange import Exchange
from tests.faults.answers import Cell, Sees
from tests.faults.client import End, View
from tests.faults.places import Place
from tests.faults.setting import Setting

_ENDS = {
    Sees.NOTHING: (End.NONE, None),
    Sees.ERROR: (End.WHOLE, 502),
    Sees.TIME_OUT: (End.WHOLE, 504),
    Sees.ERROR_EVENT: (End.WHOLE, 200),
    Sees.WHOLE: (End.WHOLE, 200),
    Sees.SO_FAR: (End.WHOLE, 200),
    Sees.BROKEN_OFF: (End.BROKEN_OFF, 200),
}


def check_view(view: View, cell: Cell, place: Place) -> None:
    """Check what the client sees, where that can't be compared with what it sees without candela."""
    assert (view.end, view.status) == _ENDS[cell.sees]
    assert (place.last in view.body) is (cell.sees is Sees.WHOLE)
    if cell.sees in (Sees.ERROR, Sees.TIME_OUT):
        assert cell.words in place.error_words(view.json)
    if cell.sees is Sees.ERROR_EVENT:
        assert b"event: error\n" in view.body
        assert cell.words.encode() in view.body


def check_record(here: Setting, exchange: Exchange, view: View, cell: Cell) -> None:
    """Check what is recorded, in memory and in the store."""
    assert (exchange.outcome, exchange.error is None) == (cell.outcome, not cell.words)
    assert exchange.error is None or cell.words in exchange.error.message
    stored = here.candela.reader.exchange(exchange.id)
    assert stored is not None
    assert (stored.outcome, stored.error) == (exchange.outcome, exchange.error)
    assert (here.candela.reader.response_body(exchange.id) or b"") == view.body
