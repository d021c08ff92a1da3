"""The child process that speaks TLS: `python -m probes.tls.prober`, a `Job` on stdin, a `Seen` on stdout (see `wire.py`).

It is a process of its own because the OpenSSLs that still speak SSLv2 to TLS 1.1 are out of maintenance and read hostile bytes
here, and because their licences (AGPL) keep to themselves. It ends when its work is done or when its parent is gone.
"""

from __future__ import annotations

import sys

from plugins import canonical
from plugins.clock import SystemClock
from plugins.value import value
from probes.target import ClientAuth, TlsVersion
from probes.tls import wall
from probes.tls.facts import Handshake, TlsSeen, VersionSeen
from probes.tls.handshakes import Reaction, Shake, demand, shake
from probes.tls.wire import Job, Seen

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

    version: TlsVersion
    """The version."""
    shake: Shake
    """The handshake."""
    client_auth: ClientAuth | None = None
    """Client authentication; None: not known."""


def probe(lane: wall.Lane, job: Job) -> TlsSeen:
    """Look at one end point: versions, client authentication, chains."""
    tries: list[Try] = []
    for version in ORDER:
        tries.append(_try(lane, job, version))
        if len(tries) == 2 and all(tried.shake.reaction in _GIVE_UP for tried in tries):
            return _seen(job, tries, (), f"no TLS handshake was answered: {tries[0].shake.detail}")
    accepted = [tried.version for tried in tries if tried.shake.reaction is Reaction.ACCEPTED]
    if not accepted:
        return _seen(job, tries, (), _failure(tries))
    more = _more_chains(lane, job, accepted)
    chains = dict.fromkeys((*(tried.shake.chain for tried in tries if tried.shake.chain), *more))
    # Hanging up means no only if the server is still there afterwards; else it may have had enough of us.
    still_there = bool(more) or shake(lane, job, accepted[0]).reaction is Reaction.ACCEPTED
    return _seen(job, tries, tuple(chains)[:CHAINS], "", dropped_is_refused=still_there)


def _more_chains(lane: wall.Lane, job: Job, accepted: list[TlsVersion]) -> tuple[tuple[str, ...], ...]:
    from probes.tls.deployments import more_chains  # noqa: PLC0415 - sslyze is half a second of import

    return more_chains(lane, job, accepted)


def _try(lane: wall.Lane, job: Job, version: TlsVersion) -> Try:
    first, legacy = shake(lane, job, version), False
    if version is TlsVersion.TLS_1_2 and first.reaction in {Reaction.REFUSED, Reaction.DROPPED}:
        # The modern OpenSSL no longer has NULL and other old suites: a server that has only these speaks TLS 1.2 all the same.
        again, legacy = shake(lane, job, version, legacy=True), True
        first = again if again.reaction is Reaction.ACCEPTED else first
    if first.reaction is not Reaction.ACCEPTED:
        return Try(version=version, shake=first)
    auth = demand(lane, job, version, legacy=legacy) if first.asked else ClientAuth.NONE
    return Try(version=version, shake=first, client_auth=auth)


def _failure(tries: list[Try]) -> str:
    """Say why an end point without any handshake is not known; empty when it clearly refused."""
    unclear = [tried for tried in tries if tried.shake.reaction is not Reaction.REFUSED]
    refused = [tried for tried in tries if tried.shake.reaction is Reaction.REFUSED]
    return "" if refused else f"no TLS handshake was answered: {unclear[0].shake.detail}"


def _seen(
    job: Job,
    tries: list[Try],
    chains: tuple[tuple[str, ...], ...],
    failure: str,
    *,
    dropped_is_refused: bool = False,
) -> TlsSeen:
    refusals = {Reaction.REFUSED, Reaction.DROPPED} if dropped_is_refused else {Reaction.REFUSED}
    tried_versions = {tried.version: _version(tried, refusals) for tried in tries}
    untried = [
        VersionSeen(version=v, handshake=Handshake.UNKNOWN, detail="not tried")
        for v in ORDER
        if v not in tried_versions
    ]
    ordered = sorted([*tried_versions.values(), *untried], key=lambda seen: list(TlsVersion).index(seen.version))
    return TlsSeen(
        address=job.address,
        port=job.port,
        server_name=job.server_name,
        versions=tuple(ordered),
        chains=chains,
        failure=failure,
    )


def _version(tried: Try, refusals: set[Reaction]) -> VersionSeen:
    """Turn a reaction into a fact."""
    handshake = Handshake.UNKNOWN
    if tried.shake.reaction is Reaction.ACCEPTED:
        handshake = Handshake.ACCEPTED
    elif tried.shake.reaction in refusals:
        handshake = Handshake.REFUSED
    return VersionSeen(
        version=tried.version, handshake=handshake, client_auth=tried.client_auth, detail=tried.shake.detail
    )


def main() -> None:
    """Run one job."""
    lane = wall.Lane(sys.stdin.buffer, sys.stdout.buffer, SystemClock())
    job = canonical.loads(Job, lane.hear())
    wall.build(job.address, job.port)
    lane.say(Seen(seen=probe(lane, job)))


if __name__ == "__main__":
    main()
