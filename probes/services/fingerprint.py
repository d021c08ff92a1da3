"""What nmap's version detection says of one port, read strictly from its XML. Pure.

nmap writes what a server sent into its report, so the report is read as hostile: bounded, without entities, and only the elements
that are needed. python-nmap's own reader keeps only the last of a port's CPE names, which is the operating system's.
"""

from __future__ import annotations

from xml.parsers import expat

from plugins.value import value
from probes.transcript import printable

MOST_BYTES = 1_000_000
"""Longest report."""
_MOST_CPES = 8
_MOST_ELEMENTS = 10_000
_TEXT = 120


@value
class Fingerprint:
    """What nmap takes a service for."""

    service: str = ""
    """Name of the protocol, as nmap's probes name it; empty: not recognised by an answer."""
    product: str = ""
    """Product."""
    version: str = ""
    """Version."""
    extra: str = ""
    """What else it tells, such as the distribution."""
    cpe: tuple[str, ...] = ()
    """CPE names (URI binding)."""


class ReportError(ValueError):
    """A report of nmap that cannot be trusted to be one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"nmap's report: {self.reason}"


class _Reader:
    """Takes the events of one document."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._elements = 0
        self._service: dict[str, str] = {}
        self._cpes: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._path) > 10:
            raise ReportError("too many elements")
        self._path.append(name)
        if self._path[-3:] == ["ports", "port", "service"]:
            self._service = dict(attributes)
        elif self._path[-2:] == ["service", "cpe"] and len(self._cpes) < _MOST_CPES:
            self._cpes.append("")

    def end(self, name: str) -> None:
        del name
        self._path.pop()

    def text(self, text: str) -> None:
        if self._path[-2:] == ["service", "cpe"] and self._cpes and len(self._cpes[-1]) < _TEXT:
            self._cpes[-1] += text

    def fingerprint(self) -> Fingerprint:
        """Give what was read; a name that nmap took from a table of port numbers is none."""
        if self._service.get("method") != "probed":
            return Fingerprint()
        words = {name: _shown(self._service.get(name, "")) for name in ("name", "product", "version", "extrainfo")}
        return Fingerprint(
            service="" if words["name"] in {"tcpwrapped", "unknown"} else words["name"],
            product=words["product"],
            version=words["version"],
            extra=words["extrainfo"],
            cpe=tuple(shown for text in self._cpes if (shown := _shown(text)).startswith("cpe:/")),
        )


def _shown(text: str) -> str:
    return printable(text.encode(errors="backslashreplace"), _TEXT)


def read(report: bytes) -> Fingerprint:
    """Read the one port of a report; raises `ReportError`."""
    if len(report) > MOST_BYTES:
        raise ReportError(f"longer than {MOST_BYTES} bytes")
    reader, parser = _Reader(), expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _no_entities
    parser.ExternalEntityRefHandler = _no_entities
    try:
        parser.Parse(report, True)
    except expat.ExpatError as error:
        raise ReportError(f"no XML: {error}") from None
    return reader.fingerprint()


def _no_entities(*_: object) -> int:
    raise ReportError("it declares entities")
