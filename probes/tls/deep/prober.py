"""The process of the deep scan: `python -m probes.tls.deep.prober`, a `DeepJob` on stdin, a `Seen` on stdout, and the next.

sslyze (AGPL) runs here alone, without its threads, within the wall of `probes/tls/wall.py`.
"""

from __future__ import annotations

from dataclasses import replace

from sslyze.connection_helpers.tls_connection import NoCiphersAvailableBugInSSlyze
from sslyze.plugins.openssl_cipher_suites._test_cipher_suite import (
    CipherSuiteAcceptedByServer,
    connect_with_cipher_suite,
)
from sslyze.plugins.openssl_cipher_suites.cipher_suites import CipherSuite, CipherSuitesRepository
from sslyze.server_connectivity import ServerConnectivityInfo

from plugins.clock import SystemClock
from probes.target import TlsVersion
from probes.tls.deep.facts import DeepSeen, Shown, SuitesSeen, Trial
from probes.tls.deep.line import IN_VAIN, EnoughError, Line
from probes.tls.deep.trials import VERSIONS, Trials, server_info, words
from probes.tls.facts import VersionSeen
from probes.tls.forks import serve
from probes.tls.handshakes import Offer, Reaction, shake
from probes.tls.wall import Lane
from probes.tls.wire import DeepJob, Job

_GONE = "at the end of the scan the server no longer answered as before"


def scan(lane: Lane, deep: DeepJob) -> DeepSeen:
    """Try everything at one end point."""
    line = Line(lane, deep.job, SystemClock())
    line.capture()
    newest = sorted(deep.accepted, key=lambda one: list(TlsVersion).index(one.version), reverse=True)
    trials = Trials(line, deep.job, newest).run()
    suites = tuple(_suites(line, deep.job, one) for one in newest)
    if not _still_there(lane, deep.job, newest[0]):
        trials = tuple(_doubted(one) for one in trials)
        suites = tuple(replace(one, detail=one.detail or _GONE) for one in suites)
    return DeepSeen(
        address=deep.address,
        port=deep.port,
        server_name=deep.server_name,
        trials=trials,
        suites=suites,
        connections=lane.opened,
    )


def _still_there(lane: Lane, job: Job, seen: VersionSeen) -> bool:
    """Tell whether what was accepted before is accepted still: else it may have had enough of us, and its no is worth nothing."""
    offers = [Offer(version=seen.version)]
    if seen.version is TlsVersion.TLS_1_2:
        offers.append(Offer(version=seen.version, legacy=True))
    return any(shake(lane, job, offer).reaction is Reaction.ACCEPTED for offer in offers)


def _doubted(trial: Trial) -> Trial:
    if trial.shown is Shown.ABSENT:
        return replace(trial, shown=Shown.UNKNOWN, detail=_GONE)
    return trial


def _suites(line: Line, job: Job, seen: VersionSeen) -> SuitesSeen:
    """Offer every suite that the library has for one version, alone."""
    info = server_info(job, seen)
    accepted: list[str] = []
    tried = unanswered = in_vain = 0
    detail = ""
    for suite in CipherSuitesRepository.get_all_cipher_suites(VERSIONS[seen.version]):
        if in_vain >= IN_VAIN:
            detail = detail or f"{IN_VAIN} suites in a row had no answer"
            unanswered += 1
            continue
        line.forget()
        answer = _answer(line, info, seen.version, suite)
        if answer is None:
            continue
        tried += 1
        if isinstance(answer, str):
            unanswered, in_vain, detail = unanswered + 1, in_vain + 1, answer
            continue
        in_vain = 0
        if answer:
            accepted.append(suite.name)
    if not accepted:
        detail = detail or "none was accepted, although the version was accepted before"
    return SuitesSeen(
        version=seen.version, accepted=tuple(sorted(accepted)), tried=tried, unanswered=unanswered, detail=detail
    )


def _answer(line: Line, info: ServerConnectivityInfo, version: TlsVersion, suite: CipherSuite) -> bool | str | None:
    """Whether a suite is accepted; a text: why that is not known; None: the library cannot offer it in this version."""
    try:
        result = connect_with_cipher_suite(info, VERSIONS[version], suite)
    except NoCiphersAvailableBugInSSlyze:
        return None
    except EnoughError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - sslyze raises whatever its parsers meet in a hostile answer
        return words(error)
    if isinstance(result, CipherSuiteAcceptedByServer):
        return True
    return "it was not answered in time" if line.made[-1].silent else False


def main() -> None:
    """Scan one end point after the other."""
    serve(DeepJob, scan)


if __name__ == "__main__":
    main()
