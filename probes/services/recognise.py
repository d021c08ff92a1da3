"""Recognises a service by what it says. Pure: bytes in, a name out; the port number is never asked."""

from __future__ import annotations

import re2

_OPTIONS = re2.Options()
_OPTIONS.never_nl = False
_OPTIONS.case_sensitive = False
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_OPTIONS.log_errors = False

GREETING_220 = "220"
"""Not a service yet: FTP and SMTP both greet with 220, and some of them do not say which they are."""

_GREETINGS: tuple[tuple[str, bytes], ...] = (
    ("ssh", rb"^SSH-\d"),
    ("ftp", rb"^220[ -][^\n]*ftp"),
    ("smtp", rb"^220[ -][^\n]*smtp"),
    ("ftp", rb"^(421|530)[ -][^\n]*ftp"),
    ("smtp", rb"^(421|450|554)[ -][^\n]*smtp"),
    (GREETING_220, rb"^220[ -]"),
    ("pop3", rb"^(\+OK|-ERR)[ \r].*\bpop"),
    ("pop3", rb"^\+OK[ \r]"),
    ("imap", rb"^\* (OK|PREAUTH|BYE)[ \r]"),
    ("telnet", rb"^\xff[\xfb-\xfe][\x00-\x31\x8a-\x8c\xff]"),
    ("telnet", rb"^[^\x00]{0,400}(login|username|user name|password):[ ]?$"),
    ("mysql", rb"^(?s)...\x00(\x0a\d+\.\d+|\xff..[^\x00]*(mysql|mariadb|is not allowed to connect))"),
    ("rfb", rb"^RFB \d\d\d\.\d\d\d\n"),
    ("nntp", rb"^20[01] [^\n]*(nntp|news)"),
    ("rsync", rb"^@RSYNCD: "),
    ("svn", rb"^\( success \( "),
)
_REPLIES: tuple[tuple[str, bytes], ...] = (
    ("http", rb"^HTTP/\d"),
    ("rtsp", rb"^RTSP/\d"),
    ("sip", rb"^SIP/\d"),
    ("amqp", rb"^AMQP"),
    ("redis", rb"^-(ERR|NOAUTH|DENIED)\b"),
    ("memcache", rb"^ERROR\r\n"),
    ("postgresql", rb"^(?s)E...+FATAL.*(frontend protocol|startup packet)"),
)
_REFUSALS = rb"^(421|530|550|554)[ -]"
_BUSY = rb"too many|try again|busy|limit"


def _compiled(pattern: bytes) -> re2._Regexp:
    return re2.compile(pattern, _OPTIONS)


_SPOKEN = tuple((service, _compiled(pattern)) for service, pattern in _GREETINGS)
_ANSWERED = tuple((service, _compiled(pattern)) for service, pattern in _REPLIES) + _SPOKEN
_REFUSAL, _BUSYNESS = _compiled(_REFUSALS), _compiled(_BUSY)


def greeting(data: bytes) -> str:
    """Name the service that says `data` before it was asked anything; empty when it is not known."""
    return next((service for service, pattern in _SPOKEN if pattern.search(data)), "")


def reply_to_http(data: bytes) -> str:
    """Name the service that answers an HTTP request with `data`; empty when it is not known."""
    return next((service for service, pattern in _ANSWERED if pattern.search(data) and service != GREETING_220), "")


def is_tls_alert(data: bytes) -> bool:
    """Tell whether `data` is a TLS alert record (RFC 8446, section 5.1): what a TLS server says to plain text."""
    return len(data) >= 5 and data[0] == 0x15 and data[1] == 0x03 and data[2] <= 4


def is_bad_request(data: bytes) -> bool:
    """Tell whether an HTTP server could not read the request: the usual answer to plain HTTP on a TLS port."""
    return data[:5] == b"HTTP/" and data[8:13] == b" 400 "


def is_refusal(data: bytes) -> bool:
    """Tell whether a greeting turns us away for who we are, not because the server is busy."""
    return bool(_REFUSAL.search(data)) and not _BUSYNESS.search(data)
