"""The installed pack, loaded once for all tests of a run: it takes a second."""

from __future__ import annotations

from plugins.pack import load_pack

PACK = load_pack()
