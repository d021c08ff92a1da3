"""How TLS is begun inside of a plain connection, for each protocol that a declaration can name. Child process only.

Each dialogue sends the fewest lines that lead to TLS and no line that changes anything on the server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from probes.target import StartTls
from probes.transcript import printable

ANSWER_BYTES = 16_384
"""Most bytes of one answer."""
_LDAP_START = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_POSTGRES_START = bytes.fromhex("0000000804d2162f")


class Line(Protocol):
    """A connection as far as a dialogue needs it."""

    def send(self, data: bytes) -> int:
        """Send everything."""

    def recv(self, size: int) -> bytes:
        """Read at most `size` bytes; b"" at the end."""


class StartTlsError(Exception):
    """The server did not go on to TLS."""

    def __init__(self, protocol: str, seen: str) -> None:
        super().__init__(protocol, seen)
        self.protocol, self.seen = protocol, seen

    def __str__(self) -> str:
        return f"{self.protocol} STARTTLS: expected a go-ahead, seen: {self.seen or 'nothing'}"


class Dialogue:
    """A dialogue with one server."""

    def __init__(self, protocol: StartTls, line: Line, name: str) -> None:
        self._protocol, self._line, self._name = protocol, line, name
        self._held = b""

    def begin(self) -> None:
        """Lead the connection to where TLS begins; raises `StartTlsError`, `OSError`."""
        _BEGIN[self._protocol](self)
        if self._held:
            # Bytes before the handshake were sent in the clear, by whomever (RFC 3207, section 6): they are no part of TLS.
            raise self._refused(self._held)

    def send(self, data: bytes) -> None:
        """Send some bytes."""
        self._line.send(data)

    def _refused(self, seen: bytes) -> StartTlsError:
        return StartTlsError(self._protocol.value, printable(seen, 120))

    def more(self) -> None:
        """Read on."""
        data = self._line.recv(4096)
        if not data or len(self._held) > ANSWER_BYTES:
            raise self._refused(self._held)
        self._held += data

    def until(self, complete: Callable[[bytes], bool]) -> bytes:
        """Read on until an answer is complete; take it."""
        while not complete(self._held):
            self.more()
        taken, self._held = self._held, b""
        return taken

    def exactly(self, count: int) -> bytes:
        """Take so many bytes."""
        while len(self._held) < count:
            self.more()
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def expect(self, answer: bytes, *begins: bytes) -> None:
        """Raise `StartTlsError` unless the last line of an answer begins with one of `begins`."""
        last = answer.rstrip(b"\r\n").rpartition(b"\n")[2]
        if not last.startswith(begins):
            raise self._refused(answer)

    def smtp(self) -> None:
        """RFC 3207, section 4."""
        self.expect(self.until(_numbered), b"220")
        self.send(b"EHLO tenken.invalid\r\n")
        answer = self.until(_numbered)
        self.expect(answer, b"250")
        if b"STARTTLS" not in answer.upper():
            raise self._refused(answer)
        self.send(b"STARTTLS\r\n")
        self.expect(self.until(_numbered), b"220")

    def ftp(self) -> None:
        """RFC 4217, section 4."""
        self.expect(self.until(_numbered), b"220")
        self.send(b"AUTH TLS\r\n")
        self.expect(self.until(_numbered), b"234", b"334")

    def imap(self) -> None:
        """RFC 9051, section 6.2.1."""
        self.expect(self.until(_whole_lines), b"* OK", b"* PREAUTH")
        self.send(b"a1 STARTTLS\r\n")
        self.expect(self.until(lambda held: _whole_lines(held) and b"a1 " in held), b"a1 OK")

    def pop3(self) -> None:
        """RFC 2595, section 4."""
        self.expect(self.until(_whole_lines), b"+OK")
        self.send(b"STLS\r\n")
        self.expect(self.until(_whole_lines), b"+OK")

    def xmpp(self) -> None:
        """RFC 6120, section 5.4."""
        to = printable(self._name.encode("ascii", "replace")).replace("'", "").replace("<", "").replace("&", "")
        opening = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
        self.send(f"<?xml version='1.0'?>{opening}to='{to}'>".encode())
        features = self.until(lambda held: b"</stream:features>" in held or b"</stream:stream>" in held)
        if b"urn:ietf:params:xml:ns:xmpp-tls" not in features:
            raise self._refused(features)
        self.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        answer = self.until(lambda held: held.rstrip().endswith(b">"))
        if b"<proceed" not in answer:
            raise self._refused(answer)

    def postgres(self) -> None:
        """PostgreSQL's frontend protocol, SSLRequest."""
        self.send(_POSTGRES_START)
        answer = self.exactly(1)
        if answer != b"S":
            raise self._refused(answer)

    def ldap(self) -> None:
        """RFC 4511, section 4.14: ExtendedRequest 1.3.6.1.4.1.1466.20037, whose answer must have result code 0."""
        self.send(_LDAP_START)
        start = self.exactly(2)
        if start[0] != 0x30 or start[1] >= 0x80:
            raise self._refused(start)
        body = self.exactly(start[1])
        if b"\x0a\x01\x00" not in body[:12] or b"\x78" not in body[:5]:
            raise self._refused(start + body)


def _whole_lines(held: bytes) -> bool:
    return held.endswith(b"\n")


def _numbered(held: bytes) -> bool:
    """Whether an answer of SMTP or FTP is complete: its last line has a space behind the number."""
    last = held.rstrip(b"\r\n").rpartition(b"\n")[2]
    return held.endswith(b"\n") and last[:3].isdigit() and last[3:4] in {b" ", b""}


_BEGIN: dict[StartTls, Callable[[Dialogue], None]] = {
    StartTls.NONE: lambda _: None,
    StartTls.SMTP: Dialogue.smtp,
    StartTls.FTP: Dialogue.ftp,
    StartTls.IMAP: Dialogue.imap,
    StartTls.POP3: Dialogue.pop3,
    StartTls.XMPP: Dialogue.xmpp,
    StartTls.POSTGRES: Dialogue.postgres,
    StartTls.LDAP: Dialogue.ldap,
}
ASK_INSIDE: dict[StartTls, bytes] = {
    StartTls.SMTP: b"NOOP\r\n",
    StartTls.FTP: b"NOOP\r\n",
    StartTls.IMAP: b"a2 NOOP\r\n",
    StartTls.POP3: b"CAPA\r\n",
}
"""A harmless line inside of TLS: whether it is answered tells optional from required client authentication."""
