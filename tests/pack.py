"""The installed pack, loaded once for all tests of a run: it takes a second."""

from __future__ import annotations

from plugins.cargo import packed
from plugins.pack import load_pack

PACK = load_pack()
CARGO = packed(PACK)
"""The pack as workers get it: reading 700 files in every worker takes longer than most tests."""
