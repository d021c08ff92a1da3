"""The process that speaks TLS: `python -m probes.tls.prober`, a `Job` on stdin, a `Seen` on stdout (see `wire.py`), and the next.

Every end point gets a child of its own, because the OpenSSLs that still speak SSLv2 to TLS 1.1 are out of maintenance and read
hostile bytes here; it is forked off a process that has everything imported. And these are processes apart from the inspection's,
because the licences (AGPL) keep to themselves. They end when their work is done or when their parent is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from plugins.value import value
from probes.target import ClientAuth, TlsVersion
from probes.tls import wall
from probes.tls.facts import Handshake, Staple, TlsSeen, VersionSeen
from probes.tls.forks import serve
from probes.tls.handshakes import Demanded, Offer, Reaction, Shake, demand, shake
from probes.tls.sessions import More, further
from probes.tls.wire import Job

ORDER = (
    TlsVersion.TLS_1_2,
    TlsVersion.TLS_1_3,
    TlsVersion.TLS_1_1,
    TlsVersion.TLS_1_0,
    TlsVersion.SSL_3_0,
    TlsVersion.SSL_2_0,
)
"""Order of the tries: the likely ones first, so that a server that answers none of them is left alone soon."""
CHAINS = 8
"""Most different chains that are kept."""
_GIVE_UP = {Reaction.SILENT, Reaction.UNREACHED}


@value
class Try:
    """What came of one version."""

    offer: Offer
    """What was offered."""
    shake: Shake
    """The handshake."""
    client_auth: ClientAuth | None = None
    """Client authentication; None: not known."""
    demanded: Demanded = ""
    """Where a required certificate is demanded."""

    @property
    def version(self) -> TlsVersion:
        """The version."""
        return self.offer.version

    @property
    def accepted(self) -> bool:
        """Whether the handshake worked."""
        return self.shake.reaction is Reaction.ACCEPTED


def probe(lane: wall.Lane, job: Job) -> TlsSeen:
    """Look at one end point: versions, client authentication, chains, sessions."""
    tries: list[Try] = []
    for version in ORDER:
        tries.append(_try(lane, job, version))
        if len(tries) == 2 and all(tried.shake.reaction in _GIVE_UP for tried in tries):
            return _seen(job, tries, More(), f"no TLS handshake was answered: {tries[0].shake.detail}")
    accepted = [tried for tried in tries if tried.accepted]
    if not accepted:
        return _seen(job, tries, More(), _failure(tries))
    more = further(lane, job, accepted)
    # Hanging up means no only if the server is still there afterwards; else it may have had enough of us.
    dropped = any(tried.shake.reaction is Reaction.DROPPED for tried in tries)
    still_there = not dropped or shake(lane, job, accepted[0].offer).reaction is Reaction.ACCEPTED
    return _seen(job, tries, more, "", dropped_is_refused=still_there)


def _try(lane: wall.Lane, job: Job, version: TlsVersion) -> Try:
    offer = Offer(version=version)
    first = shake(lane, job, offer)
    if version is TlsVersion.TLS_1_2 and first.reaction in {Reaction.REFUSED, Reaction.DROPPED}:
        # The modern OpenSSL no longer has NULL and other old suites: a server that has only these speaks TLS 1.2 all the same.
        old = Offer(version=version, legacy=True)
        again = shake(lane, job, old)
        first, offer = (again, old) if again.reaction is Reaction.ACCEPTED else (first, offer)
    if first.reaction is not Reaction.ACCEPTED:
        return Try(offer=offer, shake=first)
    auth, where = demand(lane, job, offer) if first.asked else (ClientAuth.NONE, "")
    return Try(offer=offer, shake=first, client_auth=auth, demanded=where)


def _failure(tries: list[Try]) -> str:
    """Say why an end point without any handshake is not known; empty when it clearly refused."""
    unclear = [tried for tried in tries if tried.shake.reaction is not Reaction.REFUSED]
    refused = [tried for tried in tries if tried.shake.reaction is Reaction.REFUSED]
    return "" if refused else f"no TLS handshake was answered: {unclear[0].shake.detail}"


def _seen(job: Job, tries: list[Try], more: More, failure: str, *, dropped_is_refused: bool = False) -> TlsSeen:
    refusals = {Reaction.REFUSED, Reaction.DROPPED} if dropped_is_refused else {Reaction.REFUSED}
    versions = {tried.version: _version(tried, refusals) for tried in tries}
    untried = [
        VersionSeen(version=v, handshake=Handshake.UNKNOWN, detail="not tried") for v in ORDER if v not in versions
    ]
    ordered = sorted([*versions.values(), *untried], key=lambda seen: list(TlsVersion).index(seen.version))
    shakes = [*(tried.shake for tried in tries), *more.shakes]
    chains = tuple(dict.fromkeys(one.chain for one in shakes if one.chain))[:CHAINS]
    return TlsSeen(
        address=job.address,
        port=job.port,
        server_name=job.server_name,
        versions=tuple(ordered),
        chains=chains,
        unnamed=more.unnamed,
        staples=tuple(_staples(chains, shakes)),
        session=more.session,
        failure=failure,
    )


def _staples(chains: tuple[tuple[str, ...], ...], shakes: list[Shake]) -> Iterator[Staple]:
    """Give one response for each chain that came with one."""
    found: dict[int, bytes] = {}
    for one in shakes:
        if one.staple and one.chain in chains:
            found.setdefault(chains.index(one.chain), one.staple)
    for number, der in found.items():
        yield Staple(chain=number, der=der)


def _version(tried: Try, refusals: set[Reaction]) -> VersionSeen:
    """Turn a reaction into a fact."""
    handshake = Handshake.UNKNOWN
    if tried.accepted:
        handshake = Handshake.ACCEPTED
    elif tried.shake.reaction in refusals:
        handshake = Handshake.REFUSED
    return VersionSeen(
        version=tried.version,
        handshake=handshake,
        client_auth=tried.client_auth,
        detail=tried.shake.detail,
        suite=tried.shake.suite,
        demanded=tried.demanded,
    )


def main() -> None:
    """Look at one end point after the other."""
    serve(Job, probe)


if __name__ == "__main__":
    main()
