from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gaitway.reporting.text import encodable


@given(st.text())
def test_text_can_be_written_and_only_broken_bytes_change(text):
    encodable(text).encode("utf-8")
    assert len(encodable(text)) == len(text)
    assert all(new in (old, "?") for old, new in zip(text, encodable(text), strict=True))
