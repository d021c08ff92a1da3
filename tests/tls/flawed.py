"""TLS implementations with the flaws that the deep scan looks for: tlslite-ng, bent in one place each.

Ordinary handshakes work with all of them, as with the implementations that had these flaws.
"""

from __future__ import annotations

import contextlib
import socket
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.tls.mint import Holder
from tests.tls.serving import PAGE, Answer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports asyncore, which it does not use here
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
    from tlslite.extensions import RenegotiationInfoExtension
    from tlslite.messages import Message, ServerHello
    from tlslite.recordlayer import RecordLayer
    from tlslite.utils.codec import Parser

CCS, ALERT, HANDSHAKE, HEARTBEAT = 20, 21, 22, 24


class Tap:
    """A socket for tlslite that sees the records of the client first; `None` from `first` keeps a record from it."""

    def __init__(self, connection: socket.socket, first: Callable[[Tap, int, bytes], bytes | None]) -> None:
        self._connection, self._first = connection, first
        self._ready = b""
        self.records: list[int] = []
        """Types of the records that came."""
        self.contents: list[bytes] = []
        """What was in them."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        while not self._ready:
            head = self._exactly(5)
            if head[:1] not in {b"\x14", b"\x15", b"\x16", b"\x17", b"\x18"}:
                # The hello of SSLv2 has no such records.
                return head + self._connection.recv(4096) if head else b""
            record = head + self._exactly(int.from_bytes(head[3:5], "big"))
            if len(record) < 5:
                return b""
            self.records.append(record[0])
            self.contents.append(record[5:])
            self._ready = self._first(self, record[0], record) or b""
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken

    def _exactly(self, size: int) -> bytes:
        held = b""
        while len(held) < size:
            data = self._connection.recv(size - len(held))
            if not data:
                return b""
            held += data
        return held


def sound(_: Tap, __: int, record: bytes) -> bytes:
    """Pass everything on."""
    return record


def bleeding(tap: Tap, kind: int, record: bytes) -> bytes | None:
    """Answer heartbeats without looking for their padding, as OpenSSL 1.0.1 to 1.0.1f."""
    if kind != HEARTBEAT:
        return record
    asked = int.from_bytes(record[6:8], "big")
    answer = b"\x02" + record[6:8] + record[8 : 8 + asked] + b"\x55" * 16
    for start in range(0, len(answer), 16384):
        piece = answer[start : start + 16384]
        tap.sendall(b"\x18\x03\x03" + len(piece).to_bytes(2, "big") + piece)
    return None


def discarding(_: Tap, kind: int, record: bytes) -> bytes | None:
    """Discard such heartbeats without a word, as RFC 6520 wants it and OpenSSL 1.0.1g does."""
    return None if kind == HEARTBEAT else record


def hasty(tap: Tap, kind: int, record: bytes) -> bytes | None:
    """Take a ChangeCipherSpec before the key exchange, as OpenSSL before 1.0.1h: the next record cannot be decrypted."""
    if tap.records[:2] == [HANDSHAKE, CCS]:
        if kind == CCS:
            return None
        tap.sendall(bytes([ALERT, 3, 3, 0, 2, 2, 20]))
        return b""
    return record


class Bent(TLSConnection):  # type: ignore[misc]  # tlslite has no types
    """tlslite with a ServerHello that can be changed before it is sent."""

    change: Callable[[Any], None] = staticmethod(lambda _: None)

    def _sendMsg(self, msg: Any, *more: Any, **named: Any) -> Iterator[Any]:  # noqa: N802 - tlslite's name
        if isinstance(msg, ServerHello):
            # Without it, tlslite discards such heartbeats in silence; its settings do not reach this.
            self.heartbeat_supported = False
            self.change(msg)
        yield from super()._sendMsg(msg, *more, **named)


def without_rfc5746(hello: Any) -> None:
    """Say nothing about renegotiation."""
    hello.extensions = [
        one for one in hello.extensions or [] if not isinstance(one, RenegotiationInfoExtension)
    ] or None


class Squeezing(RecordLayer):  # type: ignore[misc]  # tlslite has no types
    """Records that are compressed once they are encrypted (RFC 3749)."""

    def begin(self) -> None:
        self.packer, self.unpacker = zlib.compressobj(), zlib.decompressobj()

    def sendRecord(self, msg: Any) -> Iterator[Any]:  # noqa: N802 - tlslite's name
        if self._writeState.encContext:
            packed = self.packer.compress(bytes(msg.write())) + self.packer.flush(zlib.Z_SYNC_FLUSH)
            msg = Message(msg.contentType, bytearray(packed))
        yield from super().sendRecord(msg)

    def recvRecord(self) -> Iterator[Any]:  # noqa: N802 - tlslite's name
        for result in super().recvRecord():
            if isinstance(result, tuple) and self._readState.encContext:
                head, parser = result
                yield head, Parser(bytearray(self.unpacker.decompress(bytes(parser.bytes))))
            else:
                yield result


def _offers_compression(hello: bytes) -> bool:
    """Whether a ClientHello offers DEFLATE."""
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    return 1 in hello[at + 1 : at + 1 + hello[at]]


def squeeze(session: Any, tap: Tap) -> None:
    """Make a session agree to compression."""
    session._recordLayer.__class__ = Squeezing

    def change(hello: Any) -> None:
        if _offers_compression(tap.contents[0]):
            session._recordLayer.begin()
            hello.compression_method = 1
        else:
            session._recordLayer.__class__ = RecordLayer

    session.change = change


class Oracle:
    """A private key whose holder shows what it found behind the padding: it hangs up."""

    def __init__(self, key: Any, *, strong: bool) -> None:
        self._key, self._strong = key, strong

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)

    def decrypt(self, secret: bytearray) -> bytearray | None:
        number = pow(int.from_bytes(secret, "big"), int(self._key.d), int(self._key.n))
        plain = number.to_bytes(len(secret), "big")
        bad = plain[:2] != b"\x00\x02"
        if not self._strong:
            bad = bad or plain[-49] != 0 or 0 in plain[2:-49]
        if bad:
            raise ConnectionError
        found: bytearray | None = self._key.decrypt(secret)
        return found


FLAWS: dict[str, dict[str, Any]] = {
    "sound": {},
    "heartbleed": {"first": bleeding},
    "heartbeats-discarded": {"first": discarding},
    "ccs-injection": {"first": hasty},
    "robot-strong": {"strong": True},
    "robot-weak": {"strong": False},
    "insecure-renegotiation": {"change": without_rfc5746},
    "compression": {"squeezed": True},
    "rc4": {"ciphers": ["rc4"]},
    "3des": {"ciphers": ["3des", "aes128"]},
}
"""Name -> how tlslite is bent."""


def flawed(name: str, leaf: Holder, chain: list[Holder], taps: list[Tap] | None = None) -> Answer:
    """Make a server with one flaw, which speaks TLS 1.1 only (it has the fewest suites); `taps` gets every connection."""
    bent = FLAWS[name]
    certificates = X509CertChain()
    certificates.parsePemList("".join(holder.pem for holder in chain))
    key: Any = parsePEMKey(leaf.key_pem.decode(), private=True)
    if "strong" in bent:
        key = Oracle(key, strong=bent["strong"])
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 2)
    settings.versions = [(3, 2)]
    settings.cipherNames = bent.get("ciphers", ["aes128"])

    def answer(connection: socket.socket) -> None:
        tap = Tap(connection, bent.get("first", sound))
        if taps is not None:
            taps.append(tap)
        with contextlib.suppress(Exception):
            session = Bent(tap)
            if "change" in bent:
                session.change = bent["change"]
            if bent.get("squeezed"):
                squeeze(session, tap)
            session.handshakeServer(certChain=certificates, privateKey=key, settings=settings)
            session.recv(1000)
            session.sendall(PAGE)
            session.close()

    return answer
