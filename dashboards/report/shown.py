"""Makes foreign text safe to show: no control character, no bidirectional trick, no end in sight."""

from __future__ import annotations

import unicodedata

LONGEST = 600
"""Most characters of one piece of text that a page shows."""
_UNSHOWABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def _shown_character(character: str) -> str:
    """Escape what has no glyph of its own: it could hide, reorder or break what is around it (Unicode TR 36)."""
    if unicodedata.category(character) not in _UNSHOWABLE:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shown(text: object, longest: int = LONGEST) -> str:
    """Give `text` with invisible characters as escapes, cut at `longest` characters with the rest counted."""
    whole = str(text)
    kept = "".join(map(_shown_character, whole[:longest]))
    rest = len(whole) - longest
    return f"{kept} […+{rest}]" if rest > 0 else kept
