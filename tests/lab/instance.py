"""What the lab runs: one entry of `instances.yaml` per version of a piece of software.

`present` and `absent` name signatures by id and are facts about the software (release notes, advisories, or shown by hand), not
about what Tenken says. What an instance does not name is expected to be absent as far as a failing finding goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

Source = Literal["pypi", "npm", "debian"]
INSTANCES = Path(__file__).with_name("instances.yaml")


@dataclass(frozen=True)
class Instance:
    """One version of one piece of software, and how it is brought to life."""

    id: str
    """Name in the tables."""
    source: Source
    """Registry that it comes from."""
    packages: tuple[str, ...]
    """What is installed, in the registry's own spelling."""
    run: str
    """Shell text that ends in the server; sees ADDRESS, PORT, DATA, BIN (commands of the environment), MODULES (node_modules)."""
    ready: str
    """Path that answers with 2xx, 3xx, 401 or 403 once it is up; empty: a TCP connection is enough."""
    python: str = "3.11"
    """Interpreter of an environment from PyPI."""
    before: str = ""
    """Dependencies are taken as they were on this day; empty: as they are."""
    service: str = "http"
    """Declared service."""
    present: tuple[str, ...] = ()
    """Signatures that must be found."""
    absent: tuple[str, ...] = ()
    """Signatures that a scanner which only reads versions, or only sees a page, would wrongly report."""
    address: str = ""
    """Loopback address, for what only listens on addresses that an interface has; empty: one of the lab's own."""
    seconds: float = 90.0
    """Longest time until it is ready."""
    note: str = ""
    """What one has to know about it."""
    files: dict[str, str] = field(default_factory=dict)
    """Files that are written into DATA first."""


def load(path: Path = INSTANCES) -> tuple[Instance, ...]:
    """Read the instances; raises `ValueError` with the entry's id when one is wrong."""
    return tuple(_instance(entry) for entry in yaml.safe_load(path.read_text("utf-8")))


def _instance(entry: dict[str, Any]) -> Instance:
    try:
        listed: dict[str, Any] = {key: tuple(entry[key]) for key in ("packages", "present", "absent") if key in entry}
        fields: dict[str, Any] = {**entry, **listed}
        return Instance(**fields)
    except TypeError as error:
        raise ValueError(f"{INSTANCES.name}: {entry.get('id', entry)}: {error}") from None
