"""Bytes cut into chunks anywhere."""

from hypothesis import strategies as st


def cuts(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Any way to cut the bytes into chunks, empty ones too."""
    places = st.lists(st.integers(0, len(data)), max_size=12).map(sorted)
    return places.map(lambda at: [data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)])
