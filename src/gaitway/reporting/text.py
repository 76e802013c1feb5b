"""Text that any name can go into."""

from __future__ import annotations


def encodable(text: str) -> str:
    r"""Return ``text`` with the broken bytes of a file name (lone surrogates) as question marks.

    Examples:
        >>> encodable("caf\udce9")
        'caf?'
    """
    return text.encode("utf-8", "replace").decode("utf-8")
