"""Sees what TLS end points offer. Facts only; `judge.py` says what they mean.

The handshakes are made by a child process (`prober.py`; the optional deep scan by `deep/prober.py`); this side gives it leave, pace
and time for every single connection (`conversation.py`), and ends it when it goes wrong.
"""

from __future__ import annotations

from probes.crowd import each
from probes.dial import Dialer, OutOfScopeError
from probes.http import user_agent
from probes.recorder import Recorder
from probes.target import Item, Scope, TlsEndpoint
from probes.tls.conversation import LIMITS, Conversation, Limits, ProberError
from probes.tls.crew import DEEP_PROBER, PROBER, Crew
from probes.tls.deep.facts import DeepSeen
from probes.tls.facts import Handshake, TlsSeen
from probes.tls.path import Witnesses
from probes.tls.revocation import Fetcher
from probes.tls.wire import DeepJob, Job


async def look(
    scope: Scope,
    dialer: Dialer,
    recorder: Recorder,
    pack: object,  # noqa: ARG001 - every probe is called alike; this one needs no signatures
    *,
    limits: Limits = LIMITS,
) -> None:
    """Look at every declared TLS end point on every address, and fetch what tells about revocation. `CutOffError` comes through."""
    agent = user_agent(scope.contact)
    jobs = [_job(address, endpoint, agent) for endpoint in scope.target.tls for address in scope.target.addresses]
    done, crew, deep_crew = 0, Crew(PROBER), Crew(DEEP_PROBER)

    fetcher = Fetcher(scope, dialer, recorder, limits.bounds)

    async def visit(job: Job) -> None:
        nonlocal done
        seen = await _seen(dialer, job, limits, crew)
        at = dialer.clock.now()
        recorder.saw(Item.TLS, await witnesses.witness(seen, at.timestamp()))
        await fetcher.follow(seen, at)
        if scope.deep and not seen.failure:
            recorder.saw(Item.TLS, await _deeper(dialer, job, seen, limits, deep_crew))
        done += 1
        recorder.progress(Item.TLS, done, len(jobs))

    async with Witnesses(scope.anchors) as witnesses:
        try:
            await each(jobs, min(len(jobs), limits.children), visit)
        finally:
            await crew.dismiss()
            await deep_crew.dismiss()


def _job(address: str, endpoint: TlsEndpoint, agent: str) -> Job:
    return Job(
        address=address,
        port=endpoint.port,
        server_name=endpoint.server_name,
        starttls=endpoint.starttls,
        agent=agent,
    )


async def _seen(dialer: Dialer, job: Job, limits: Limits, crew: Crew) -> TlsSeen:
    try:
        async with crew.prober() as child:
            return await Conversation[TlsSeen](dialer, job, limits, child).run(TlsSeen, limits.connections)
    except (ProberError, OutOfScopeError) as error:
        words = str(error)
    return TlsSeen(address=job.address, port=job.port, server_name=job.server_name, versions=(), failure=words)


async def _deeper(dialer: Dialer, job: Job, seen: TlsSeen, limits: Limits, crew: Crew) -> DeepSeen:
    """Let sslyze try what an implementation answers, in the versions that were just accepted."""
    accepted = tuple(one for one in seen.versions if one.handshake is Handshake.ACCEPTED)
    deep = DeepJob(job=job, accepted=accepted)
    if not accepted:
        words = "no handshake was accepted"
    else:
        try:
            async with crew.prober() as child:
                return await Conversation[DeepSeen](dialer, deep, limits, child).run(DeepSeen, limits.deep_connections)
        except (ProberError, OutOfScopeError) as error:
            words = str(error)
    return DeepSeen(address=job.address, port=job.port, server_name=job.server_name, failure=words)
