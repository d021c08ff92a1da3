"""Where the command line keeps what is its own."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Give the folder of keys and secrets: `TENKEN_HOME`, else the XDG data folder."""
    if chosen := os.environ.get("TENKEN_HOME"):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "tenken"
