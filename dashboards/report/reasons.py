"""Says in the reader's language what judges wrote in English: why a check was not done, what was declared. Pure.

Judges give reasons as English text, because a reason often carries words of the server. The usual ones are known here by their
form; one that is not known stays as it is, so nothing is ever lost.
"""

from __future__ import annotations

from functools import cache

import re2

from dashboards.locale.phrasebook import Phrasebook, mark

KNOWN: tuple[str, ...] = (
    mark("unused"),
    mark("no TLS end point is declared"),
    mark("no web end point is declared"),
    mark("no SET end point is declared"),
    mark("no initiation page is declared"),
    mark("nothing about the merchant is declared"),
    mark("no mark of %(kind)s is declared"),
    mark("the declaration names no %(what)s"),
    mark("there is no answer that can be read"),
    mark("there is no initiation message"),
    mark("the initiation message names no URL"),
    mark("a second answer is needed, and it was not asked for"),
    mark("it was asked under reading %(old)s of SET, and this version reads it as %(new)s"),
    mark("a declared root or our own request cannot be read: %(detail)s"),
    mark("the merchant's certificate was not sent"),
    mark("the certificate does not say which merchant it is for"),
    mark("the path to the root is not complete"),
    mark("the payment gateway's certificate has no path to the root"),
    mark("SET knows no path of that length"),
    mark("there is no valid list of %(name)s"),
    mark("nobody knows which lists the brand asks for"),
    mark("declared restricted, and refused us"),
    mark("%(product)s was not seen on the front page or an error page"),
    mark("no certificate of the path names a CRL"),
    mark("no certificate of the path names an OCSP responder, and none was stapled"),
    mark("no certificate of the path lives longer than %(days)s days (BR 4.9.7)"),
    mark("only TLS 1.3 is spoken, which has no weak suites"),
    mark("it was not found out what weak suites do"),
    mark("the server sends no certificate"),
    mark("the server certificate cannot be read"),
    mark("the issuer of %(name)s is not known, so its CRL and OCSP responses cannot be checked"),
    mark("nothing usable tells about %(name)s: %(rest)s"),
    mark("other libraries do not accept the path: %(detail)s"),
    mark("UDP is not looked at yet"),  # in results of earlier versions
    mark("no answer came, which an open UDP port may do as well as a filtered one"),
    mark("no answer came, although other unused UDP ports refuse: it may be open"),
    mark("only %(number)s UDP ports of an address are looked at, because it may be asked only once a second"),
    mark("something lets only so many connections through; answers were still coming in on the last try"),
    mark("the address answered at first and then no longer; something stopped the inspection"),
    mark(
        "it said open at one time and closed at another; servers behind the address differ, "
        "or something in between answers for it"
    ),
    mark(
        "%(number)s more answers came than were asked for; "
        "something between the review body and the server answers in its place"
    ),
    mark("its state was not found out"),
    mark("its state was not found out (%(rest)s)"),
    mark("what answers there was not found out"),
    mark("it said nothing that is known here"),
    mark("it hung up before it said anything"),
    mark("its authentication methods were not found out"),
    mark("the order names no resolver"),
    mark("a loopback address means this machine only, whatever the DNS says"),
    mark("it offers no authentication method"),
    mark("its algorithms are not known"),
    mark("what it offers to encrypt with was not found out"),
    mark("what answers there looks like %(service)s to nmap; nothing else shows it"),
    mark("only nmap's fingerprints recognise it"),
    mark("no TLS handshake was answered: %(rest)s"),
    mark("client authentication could not be told for %(versions)s"),
    mark("the end point does not answer (%(rest)s)"),
    mark("it was never asked"),
    mark("it was not looked at"),
    mark("TLS with an unknown service inside"),
    mark("no answer in %(seconds)s s"),
    mark("no complete answer in %(seconds)s s"),
    mark("the server asked to be left alone (status %(status)s)"),
    mark("the window %(window)s is over"),
    mark("the worker lost touch with the grid"),
    mark("the worker was lost: %(detail)s"),
    mark("interference: %(rest)s"),
    mark("port %(ports)s: %(rest)s"),
    mark("ports %(ports)s: %(rest)s"),
    mark("%(clause)s, table %(table)s"),
    mark("%(clause)s, bullet %(number)s"),
    mark("the control of this run failed: %(rest)s"),
    mark("not found on the known-bad server: %(names)s"),
    mark("found on the known-bad server, where it is not planted: %(names)s"),
    mark("found on the known-good server, where nothing is planted: %(names)s"),
    mark("not seen to be clean on the known-good server: %(names)s"),
    mark("the workers are behind a gate or in a cluster that was joined, and need not share this machine's loopback"),
    mark("holes were not ordered, and the control is about holes"),
    mark("a trial of signatures"),
    mark("this is the control itself"),
    mark("this version had no controls"),
    mark("timeout"),
    mark("timeout: %(rest)s"),
    mark("cut-off: %(rest)s"),
    mark("window-over: %(rest)s"),
    mark("stopped: %(rest)s"),
    mark("broken: %(rest)s"),
    mark("not-started: %(rest)s"),
)
"""Every form that is known. The place `rest` is said in the reader's language, too."""
_DEEPEST = 4
_PLACE = re2.compile(r"%\((\w+)\)s")


@cache
def _forms() -> tuple[tuple[str, re2._Regexp], ...]:
    return tuple((message, re2.compile(_pattern(message))) for message in KNOWN)


def _pattern(message: str) -> str:
    """Make the pattern of a sentence: its places take anything."""
    pieces = _PLACE.split(message)
    return "".join(f"(?P<{piece}>.+)" if odd else re2.escape(piece) for odd, piece in _alternately(pieces))


def _alternately(pieces: list[str]) -> list[tuple[bool, str]]:
    return [(bool(position % 2), piece) for position, piece in enumerate(pieces)]


def told(text: str, book: Phrasebook, depth: int = 0) -> str:
    """Say a reason in the reader's language as far as it is known."""
    if book.lang == "en" or depth > _DEEPEST:
        return text
    for message, form in _forms():
        match = form.fullmatch(text)
        if match:
            places = match.groupdict()
            return book.look_up(message) % {
                name: told(place, book, depth + 1) if name == "rest" else place for name, place in places.items()
            }
    return text
