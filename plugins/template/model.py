"""A template as values: what `plugins.template.load` makes of a file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal, TypeAlias

from plugins.ask import DnsType, TlsVersion
from plugins.template.filling import EMPTY, Filling
from plugins.template.flow import Step
from plugins.template.model_match import Operators
from plugins.text import Text
from plugins.value import value

Attack = Literal["batteringram", "pitchfork", "clusterbomb"]
"""How several lists of payloads are combined (semantics 9)."""
Protocol = Literal["http", "tcp", "dns", "ssl"]
"""Kinds of blocks, by the format's keys."""
SeverityWord = Literal["info", "low", "medium", "high", "critical"]
"""Severity as the format writes it."""


class Threat(StrEnum):
    """What an attacker gains at worst (inspection rules 4.3.4.2 (2))."""

    ADMIN = "admin"
    """Administrator rights."""
    SYSTEM_FILE_WRITE = "system-file-write"
    """System files are rewritten."""
    FILE_READ = "file-read"
    """Other files are read."""
    FILE_WRITE = "file-write"
    """Other files are rewritten."""
    OTHER = "other"
    """Anything else, such as knowledge that helps an attack."""


class Masking(StrEnum):
    """What of a matching answer may be shown to people and kept in reports."""

    NONE = "none"
    """All of it: it holds nothing that is not public."""
    VALUES = "values"
    """What was extracted is masked."""
    CONTENT = "content"
    """Bodies and extracted values are masked: they may hold secrets or personal data."""


@value
class Payloads:
    """Values that are tried in the places marked with their names."""

    lists: tuple[tuple[str, tuple[Filling, ...]], ...] = ()
    """Name and values, in the order of the file."""
    attack: Attack = "batteringram"
    """How lists are combined; one list needs no combining."""


@value
class HttpRequest:
    """One request, with markers still in it."""

    method: str = "GET"
    """Method as written. Which ones are let in is the business of admission."""
    target: Filling
    """Request target in origin form."""
    headers: tuple[tuple[str, Filling], ...] = ()
    """Header fields beyond those that the dialing side adds."""
    body: Filling = EMPTY
    """Request content."""
    timeout_s: float | None = None
    """Seconds for this request (`@timeout`); None: the usual time."""


@value
class HttpBlock(Operators):
    """One entry of `http`."""

    requests: tuple[HttpRequest, ...]
    """In order."""
    sequence: bool = False
    """True (raw requests): the requests follow each other, cookies are returned, and without an answer the rest is left out.
    False (paths): each request is another way to see the same."""
    payloads: Payloads = Payloads()
    """Values that are tried."""
    redirects: int = 0
    """Most redirects that are followed, each inside the end point; 0: none is followed."""
    cookies: Literal["between", "within", "none"] = "between"
    """Cookies of this template's answers: `between` returns them to later requests of a sequence and to later blocks, `within`
    also to the other paths of the block, `none` to nobody."""
    history: bool = False
    """True: names such as `body_2` mean the answers to the requests of this block, counted from 1 (semantics 8)."""
    max_bytes: int = 262_144
    """Largest body that is read (`max-size`)."""
    beginning: bool = False
    """True: the author wants no more than the beginning (`max-size` is given), so a cut hides nothing."""


@value
class TcpInput:
    """One entry of `inputs`: send, then read."""

    data: Filling = EMPTY
    """What is sent; hexadecimal digits when `hex` is true."""
    hex: bool = False
    """True: `data` is hexadecimal digits once it is filled in."""
    read: int = 0
    """Most bytes that are read afterwards; 0: none."""
    name: str = ""
    """Name under which matchers see what was read."""


@value
class TcpBlock(Operators):
    """One entry of `tcp`."""

    inputs: tuple[TcpInput, ...] = ()
    """In order."""
    tls: bool = False
    """True: inside TLS (`tls://`)."""
    ports: tuple[int, ...] = ()
    """Ports that the block is about; empty together with `services`: every port."""
    services: tuple[str, ...] = ()
    """Declared services that the block is about."""
    payloads: Payloads = Payloads()
    """Values that are tried."""
    read: int = 1024
    """Most bytes of the last read (`read-size`)."""
    read_all: bool = False
    """True: the last read goes on until the server closes or is silent."""


@value
class DnsBlock(Operators):
    """One entry of `dns`."""

    name: Filling
    """Name that is asked for."""
    type: DnsType = "A"
    """Record type."""
    dns_class: Literal["IN", "CH"] = "IN"
    """Record class."""
    recursion: bool = True
    """RD bit."""
    tries: int = 1
    """Most times that it is sent."""


@value
class TlsBlock(Operators):
    """One entry of `ssl`."""

    min_version: TlsVersion = ""
    """Lowest version that is offered."""
    max_version: TlsVersion = ""
    """Highest version that is offered."""
    ciphers: tuple[str, ...] = ()
    """Cipher suites that are offered; empty: the usual ones."""

    @property
    def narrow(self) -> bool:
        """Whether less than usual is offered, so that a refused handshake is a plain no."""
        return bool(self.min_version or self.max_version or self.ciphers)


Block: TypeAlias = HttpBlock | TcpBlock | DnsBlock | TlsBlock
"""Every kind of block."""


@value
class Classification:
    """What the hole is in public lists."""

    cve: tuple[str, ...] = ()
    """CVE ids."""
    cwe: tuple[str, ...] = ()
    """CWE ids."""
    cvss: str = ""
    """CVSS vector, version 2 to 4; empty: none is published."""
    cpe: str = ""
    """CPE 2.3 name of the product; empty: none is given."""


@value
class Product:
    """What must have been seen for a template to apply (product gate)."""

    name: str
    """Name for people."""
    seen: tuple[str, ...]
    """RE2 patterns; one of them must be found in an answer to the front asks, headers included. May be empty when `cpe` is
    given."""
    cpe: str = ""
    """Beginning of a CPE 2.3 name, such as `cpe:2.3:a:apache:http_server`; fingerprints of the product carry it. Empty: none."""


@value
class Inspection:
    """Our own block, `info.metadata.tenken`."""

    threat: Threat
    """What an attacker gains at worst."""
    certainty: Literal["verified", "suspected"]
    """What a match is worth: shown by behaviour, or inferred from a version."""
    title: Text
    """One line for a shop owner."""
    remedy: Text
    """What to do."""
    note: Text | None = None
    """What else to know, for example about distributions that mend without a new version."""
    product: Product | None = None
    """Product gate; None: applies to every web end point."""
    asks: int = 40
    """Ask budget: most asks that the template may send to one end point."""
    reviewed: str = ""
    """Why a reviewer is sure that its POST requests change nothing; empty: nobody is."""
    masking: Masking = Masking.NONE
    """What of a matching answer is masked."""


@value
class Template:
    """One template."""

    id: str
    """Stable id: letters, digits, hyphens, dots."""
    name: str
    """Name as the format has it, English."""
    severity: SeverityWord
    """How bad it is."""
    authors: tuple[str, ...]
    """Who wrote it."""
    description: str = ""
    """Longer text, English."""
    tags: tuple[str, ...] = ()
    """Tags of the format."""
    references: tuple[str, ...] = ()
    """Advisories."""
    classification: Classification = Classification()
    """Public lists."""
    inspection: Inspection
    """Our own block."""
    variables: tuple[tuple[str, Filling], ...] = ()
    """Names and texts of the author (`variables` and `constants`), each filled in once, from those before it."""
    flow: tuple[Step, ...] = ()
    """Boolean flow over the blocks; empty: all blocks, one after the other."""
    stop_at_first_match: bool = False
    """True: nothing more is sent after a match."""
    http: tuple[HttpBlock, ...] = ()
    """HTTP asks and what their answers mean."""
    tcp: tuple[TcpBlock, ...] = ()
    """TCP asks (`tcp`, old name `network`)."""
    dns: tuple[DnsBlock, ...] = ()
    """DNS asks."""
    ssl: tuple[TlsBlock, ...] = ()
    """TLS asks."""

    def blocks(self) -> Iterator[tuple[Protocol, int, Block]]:
        """Give every block with its place, in the order in which they are asked when there is no flow."""
        yield from (("ssl", number, block) for number, block in enumerate(self.ssl))
        yield from (("dns", number, block) for number, block in enumerate(self.dns))
        yield from (("tcp", number, block) for number, block in enumerate(self.tcp))
        yield from (("http", number, block) for number, block in enumerate(self.http))
