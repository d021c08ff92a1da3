"""A sketch of a declaration: every entry that is right in itself, with its place, also when entries beside it are wrong.

The form takes a document whole or not at all. To tell an operator every mistake at once, what must agree between entries is
looked at on this sketch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from plugins.strict_yaml import Path, Tree
from probes.target import PortRange
from scheduler.form.fields import Address, Date, HostName, PortForm, Ports, PulseForm, SetForm, TlsForm

T = TypeVar("T")

_STRICT = ConfigDict(strict=True)
take_address: Callable[[Any], str] = TypeAdapter(Address, config=_STRICT).validate_python
take_host_name: Callable[[Any], str] = TypeAdapter(HostName, config=_STRICT).validate_python
take_date: Callable[[Any], str] = TypeAdapter(Date, config=_STRICT).validate_python
take_ports: Callable[[Any], PortRange] = TypeAdapter(Ports).validate_python


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The right entries of one list."""

    found: tuple[tuple[Path, T], ...]
    """Place and entry."""
    whole: bool
    """True: no entry of the list is wrong, so what is not found was not declared."""

    def __iter__(self) -> Iterator[tuple[Path, T]]:
        return iter(self.found)

    @property
    def entries(self) -> tuple[T, ...]:
        """The entries without their places."""
        return tuple(entry for _, entry in self.found)


@dataclass(frozen=True)
class ServerSketch:
    """What is right about one server."""

    path: Path
    """Its place."""
    name: str
    """Its name; empty when it is wrong."""
    addresses: Rows[str]
    """Addresses in canonical form."""
    host_names: Rows[str]
    """Host names."""
    ports: Rows[PortForm]
    """Declared ports."""
    tls: Rows[TlsForm]
    """TLS end points."""
    set: Rows[SetForm]
    """SET end points."""


def rows(holder: Tree, path: Path, key: str, take: Callable[[Any], T]) -> Rows[T]:
    """Take the right entries of the list under `key`; `take` raises `ValidationError` for the others."""
    listed = holder.get(key, []) if isinstance(holder, dict) else None
    if not isinstance(listed, list):
        return Rows(found=(), whole=False)
    found = []
    for position, entry in enumerate(listed):
        try:
            found.append(((*path, key, position), take(entry)))
        except ValidationError:
            continue
    return Rows(found=tuple(found), whole=len(found) == len(listed))


def take_pulse(data: Tree) -> PulseForm | None:
    """Take the pulse; None when there is none, or when it is wrong in itself."""
    try:
        return PulseForm.model_validate(data.get("pulse") if isinstance(data, dict) else None)
    except ValidationError:
        return None


def servers(data: Tree) -> tuple[ServerSketch, ...]:
    """Sketch every server of a document."""
    return tuple(_server(path, entry) for path, entry in rows(data, (), "servers", lambda entry: entry))


def _server(path: Path, entry: Tree) -> ServerSketch:
    name = entry.get("name") if isinstance(entry, dict) else None
    return ServerSketch(
        path=path,
        name=name if isinstance(name, str) else "",
        addresses=rows(entry, path, "addresses", take_address),
        host_names=rows(entry, path, "host_names", take_host_name),
        ports=rows(entry, path, "ports", PortForm.model_validate),
        tls=rows(entry, path, "tls", TlsForm.model_validate),
        set=rows(entry, path, "set", SetForm.model_validate),
    )
