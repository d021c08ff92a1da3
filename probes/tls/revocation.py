"""Fetches what tells about revocation: CRLs, OCSP responses, and certificates of authorities that a server forgot. Facts only.

Nothing is fetched but from hosts that the order names, at the addresses that the order names (`Scope.sources`): what a certificate
says is a stranger's wish. Every fetch goes over `probes/dial.py`, keeps the pace, and is bounded in size and time. What is fetched
for one certificate is fetched once in a look, however many end points show that certificate.
"""

from __future__ import annotations

import asyncio
import base64
import warnings
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urljoin

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from plugins.ask import HttpAnswer, HttpAsk, NoAnswer, NoAnswerReason, WebEndpoint
from plugins.value import value
from probes.dial import Dialer
from probes.http import exchange
from probes.recorder import Recorder
from probes.target import Item, Scope
from probes.tls.anchors import anchor_certificates
from probes.tls.chain import crl as crls
from probes.tls.chain import kinds
from probes.tls.chain.build import Question, Way, build
from probes.tls.chain.certificate import Certificate, UnreadableError, pem_bodies, read, readable
from probes.tls.chain.crl import Crl, CrlError
from probes.tls.chain.locations import (
    Location,
    NotFollowedError,
    crl_urls,
    delta_urls,
    issuer_urls,
    ocsp_urls,
    parsed,
)
from probes.tls.chain.ocsp import request
from probes.tls.facts import SourceSeen, TlsSeen
from probes.transcript import Transcript, printable

What = Literal["crl", "ocsp", "issuer"]
CERTIFICATES = 40
"""Most certificates that are fetched or asked about for one end point."""


@value
class Bounds:
    """What a fetch may cost."""

    crl_bytes: int = 4_194_304
    """Largest CRL."""
    response_bytes: int = 65_536
    """Largest OCSP response or certificate."""
    seconds: float = 8.0
    """Longest time for one answer."""
    fetches: int = 40
    """Most fetches for one end point."""
    redirects: int = 2
    """Most redirects of one fetch."""
    missing: int = 3
    """Most certificates of authorities in a row that are fetched because a server did not send them."""


BOUNDS = Bounds()
"""What a fetch may cost, unless a caller says otherwise."""
_OURS = {NoAnswerReason.TIMEOUT, NoAnswerReason.UNREACHABLE, NoAnswerReason.TOO_LARGE, NoAnswerReason.OUT_OF_SCOPE}
"""Failures that do not show that the source itself is wrong: our bounds, our order, the way to it."""


class Fetcher:
    """Fetches for one look, each thing once."""

    def __init__(self, scope: Scope, dialer: Dialer, recorder: Recorder, bounds: Bounds = BOUNDS) -> None:
        self._scope, self._dialer, self._recorder, self._bounds = scope, dialer, recorder, bounds
        self._known: dict[tuple[str, str, str], asyncio.Task[SourceSeen]] = {}
        self._anchors = anchor_certificates(scope.anchors)

    async def follow(self, seen: TlsSeen, at: datetime) -> None:
        """Fetch everything that tells about the certificates of an end point. `CutOffError` comes through."""
        left = self._bounds.fetches
        for chain in seen.chains:
            certificates = sent_certificates(chain)
            if not certificates:
                continue
            async for _ in self._chain(certificates, at):
                left -= 1
                if left <= 0:
                    return

    async def _chain(self, sent: Sequence[Certificate], at: datetime) -> AsyncIterator[SourceSeen]:
        held, way = list(sent), await self._way(sent, at)
        for _ in range(self._bounds.missing):
            lacking = missing_issuer(way)
            if lacking is None:
                break
            found: list[Certificate] = []
            for url in issuer_urls(lacking):
                seen = await self._get("issuer", url, lacking)
                yield seen
                found += certificates_in(seen.body)
            if not found:
                break
            held += found
            way = await self._way(held, at)
        for certificate, issuer in zip(way.path, way.path[1:], strict=False):
            async for seen in self._status(certificate, issuer):
                yield seen

    async def _way(self, sent: Sequence[Certificate], at: datetime) -> Way:
        """Build a path; it may take some tenths of a second for a chain that somebody made for that."""
        question = Question(leaf=sent[0], sent=tuple(sent[1:]), anchors=self._anchors, at=at)
        return await asyncio.to_thread(build, question)

    async def _status(self, certificate: Certificate, issuer: Certificate) -> AsyncIterator[SourceSeen]:
        deltas = list(delta_urls(certificate))
        for url in crl_urls(certificate):
            seen = await self._get("crl", url, certificate)
            yield seen
            deltas += [more for crl in crls_in(seen.body) for more in delta_urls(crl)]
        for url in dict.fromkeys(deltas):
            yield await self._get("crl", url, certificate)
        for url in ocsp_urls(certificate):
            yield await self._get("ocsp", url, certificate, request(certificate, issuer))

    async def _get(self, what: What, url: str, about: Certificate, question: bytes = b"") -> SourceSeen:
        """Fetch one thing, or take what was fetched before."""
        key = what, url, about.fingerprint
        if key not in self._known:
            self._known[key] = asyncio.create_task(self._fetched(what, url, about, question))
        return await self._known[key]

    async def _fetched(self, what: What, url: str, about: Certificate, question: bytes) -> SourceSeen:
        started = self._dialer.clock.monotonic()
        outcome, transcripts = await self._outcome(what, url, question)
        seconds = round(self._dialer.clock.monotonic() - started, 3)
        body, failure, whose = outcome
        shown = printable(url.encode("ascii", "replace"), 600)
        seen = SourceSeen(
            what=what, url=shown, about=about.fingerprint, body=body, failure=failure, whose=whose, seconds=seconds
        )
        self._recorder.saw(Item.TLS, seen, *transcripts)
        return seen

    async def _outcome(self, what: What, url: str, question: bytes) -> tuple[Outcome, list[Transcript]]:
        transcripts: list[Transcript] = []
        address = url if what != "ocsp" else f"{url.rstrip('/')}/{quote(base64.b64encode(question), safe='')}"
        for _ in range(self._bounds.redirects + 1):
            try:
                location = parsed(address)
            except NotFollowedError as error:
                return ours(error.why), transcripts
            answer, transcript = await self._ask(what, location)
            if transcript is not None:
                transcripts.append(transcript)
            if not isinstance(answer, HttpAnswer):
                return answer, transcripts
            target = next((text for name, text in answer.headers if name == "location"), "")
            if answer.status in {301, 302, 303, 307, 308} and target:
                address = urljoin(address, target)
                continue
            return _taken(answer, self._most(what)), transcripts
        return theirs(f"it redirects more than {self._bounds.redirects} times"), transcripts

    def _most(self, what: What) -> int:
        return self._bounds.crl_bytes if what == "crl" else self._bounds.response_bytes

    async def _ask(self, what: What, location: Location) -> tuple[HttpAnswer | Outcome, Transcript | None]:
        """Ask the addresses that the order names for a host, one after the other, until one answers."""
        named = [one for one in self._scope.sources if (one.host.lower(), one.port) == (location.host, location.port)]
        outcome: Outcome = ours(f"the order does not name {_place(location)}; nothing was sent")
        for address in (address for one in named for address in one.addresses):
            endpoint = WebEndpoint(address=address, port=location.port, tls=False, host=location.host)
            ask = HttpAsk(path=location.path, max_bytes=self._most(what), timeout_s=self._bounds.seconds)
            try:
                answer, transcript = await exchange(self._dialer, endpoint, ask, self._scope.contact)
            except ValueError:
                return ours("its address cannot be asked for"), None
            if isinstance(answer, NoAnswer):
                outcome = _failed(answer)
                continue
            return answer, transcript
        return outcome, None


Outcome = tuple[bytes, str, Literal["", "server", "ours"]]
"""What came, why nothing came, whose doing that is."""


def ours(why: str) -> Outcome:
    """Nothing came, and that says nothing about the source."""
    return b"", printable(why.encode(), 200), "ours"


def theirs(why: str) -> Outcome:
    """Nothing came, and that is the source's doing."""
    return b"", printable(why.encode(), 200), "server"


def _failed(answer: NoAnswer) -> Outcome:
    words = f"{answer.reason}: {answer.detail}" if answer.detail else str(answer.reason)
    return ours(words) if answer.reason in _OURS else theirs(words)


def _taken(answer: HttpAnswer, most: int) -> Outcome:
    if answer.status != 200:
        return theirs(f"HTTP status {answer.status}")
    if answer.truncated:
        return ours(f"it is larger than {most} bytes, and was not read to its end")
    return (answer.body, "", "") if answer.body else theirs("an empty answer")


def _place(location: Location) -> str:
    host = f"[{location.host}]" if ":" in location.host else location.host
    return f"{host}:{location.port}"


def sent_certificates(chain: Iterable[str]) -> tuple[Certificate, ...]:
    """Read the certificates of a chain that was sent; none when the first one cannot be read."""
    found: list[Certificate] = []
    for number, pem in enumerate(chain):
        try:
            found.append(Certificate(pem_bodies(pem.encode())[0]))
        except UnreadableError:
            if number == 0:
                return ()
    return tuple(found)


def missing_issuer(way: Way) -> Certificate | None:
    """Give the certificate whose issuer was not sent; None when that is not what is wrong."""
    return next((flaw.certificate for flaw in way.flaws if flaw.kind is kinds.MISSING), None)


def certificates_in(body: bytes) -> list[Certificate]:
    """Read what a CA issuers address gave: a certificate, or a bundle (RFC 5280, section 4.2.2.1)."""
    if not body:
        return []
    try:
        return read(body)[:CERTIFICATES]
    except UnreadableError:
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bundle = pkcs7.load_der_pkcs7_certificates(body)
    except (ValueError, TypeError):
        return []
    return readable(certificate.public_bytes(Encoding.DER) for certificate in bundle[:CERTIFICATES])[0]


def crls_in(body: bytes) -> list[Crl]:
    """Read CRLs; what is none gives none."""
    try:
        return crls.read(body) if body else []
    except CrlError:
        return []
