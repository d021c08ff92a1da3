"""Tries weaknesses with sslyze's own tests, one connection at a time, and doubts their "no". Child process only.

sslyze's tests say "not vulnerable" also where no answer came, and without a connection where TLS 1.3 is spoken. Here the newest
version below TLS 1.3 is tried, and a "no" counts only when the server answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nassl.ssl_client import ClientCertificateRequested
from sslyze.plugins.plugin_base import ScanCommandExtraArgument, ScanJob, ScanJobResult
from sslyze.plugins.robot._robot_tester import RobotScanResultEnum, ServerDoesNotSupportRsa
from sslyze.plugins.scan_commands import ScanCommand, ScanCommandsRepository
from sslyze.plugins.session_renegotiation_plugin import SessionRenegotiationExtraArgument
from sslyze.server_connectivity import (
    ClientAuthRequirementEnum,
    ServerConnectivityInfo,
    ServerTlsProbingResult,
    TlsVersionEnum,
)
from sslyze.server_setting import ServerNetworkConfiguration, ServerNetworkLocation

from probes.target import ClientAuth, TlsVersion
from probes.tls.deep.facts import Shown, Trial, Weakness
from probes.tls.deep.line import Line
from probes.tls.facts import VersionSeen
from probes.tls.wire import Job
from probes.transcript import printable

VERSIONS = {
    TlsVersion.SSL_2_0: TlsVersionEnum.SSL_2_0,
    TlsVersion.SSL_3_0: TlsVersionEnum.SSL_3_0,
    TlsVersion.TLS_1_0: TlsVersionEnum.TLS_1_0,
    TlsVersion.TLS_1_1: TlsVersionEnum.TLS_1_1,
    TlsVersion.TLS_1_2: TlsVersionEnum.TLS_1_2,
    TlsVersion.TLS_1_3: TlsVersionEnum.TLS_1_3,
}
"""Versions in sslyze's words."""
_CLIENT_AUTH = {
    ClientAuth.NONE: ClientAuthRequirementEnum.DISABLED,
    ClientAuth.OPTIONAL: ClientAuthRequirementEnum.OPTIONAL,
    ClientAuth.REQUIRED: ClientAuthRequirementEnum.REQUIRED,
    None: ClientAuthRequirementEnum.OPTIONAL,
}
_NO_TRIALS = {TlsVersion.SSL_2_0, TlsVersion.TLS_1_3}
_ONLY_13 = "only TLS 1.3 is spoken, which has none of it"
_ONLY_SSL2 = "only SSLv2 is spoken"
_CERTIFICATE = "a client certificate is required"
_ALL = "ALL:COMPLEMENTOFALL"
_REPEATS = 1
"""How often a client begins the handshake again; sslyze's default of ten would be a small stress test."""


def server_info(job: Job, seen: VersionSeen) -> ServerConnectivityInfo:
    """Give what sslyze would have found out by itself, for one version that was accepted."""
    return ServerConnectivityInfo(
        server_location=ServerNetworkLocation(hostname=job.server_name, port=job.port, ip_address=job.address),
        network_configuration=ServerNetworkConfiguration(
            tls_server_name_indication=job.server_name, network_max_retries=1
        ),
        tls_probing_result=ServerTlsProbingResult(
            highest_tls_version_supported=VERSIONS[seen.version],
            cipher_suite_supported=f"{_ALL}:@SECLEVEL=0" if seen.version is TlsVersion.TLS_1_2 else _ALL,
            client_auth_requirement=_CLIENT_AUTH[seen.client_auth],
            supports_ecdh_key_exchange=True,
        ),
    )


def words(error: BaseException) -> str:
    """Give what went wrong."""
    said = getattr(error, "error_message", "") or str(error)
    return printable(f"{type(error).__name__}: {said}".encode(), 200)


def _levelled(result: ScanJobResult) -> ScanJobResult:
    """Give the answers of one round, with every way of hanging up as one."""
    answers = {
        payload: "hung up" if answer == "No data" or answer.startswith("socket.error [Errno") else answer
        for payload, answer in result.get_result().items()
    }
    return ScanJobResult(_return_value=answers, _exception=None)


class Trials:
    """All of them at one end point."""

    def __init__(self, line: Line, job: Job, accepted: Sequence[VersionSeen]) -> None:
        self._line = line
        self._moot = _ONLY_13 if any(one.version is TlsVersion.TLS_1_3 for one in accepted) else _ONLY_SSL2
        self._seen = max(
            (one for one in accepted if one.version not in _NO_TRIALS),
            key=lambda one: list(TlsVersion).index(one.version),
            default=None,
        )
        self._info = server_info(job, self._seen) if self._seen else None

    def run(self) -> tuple[Trial, ...]:
        """Try everything, one after the other."""
        trials: dict[Weakness, Callable[[], tuple[Shown, str]]] = {
            Weakness.HEARTBLEED: self._heartbleed,
            Weakness.CCS_INJECTION: self._ccs_injection,
            Weakness.RENEGOTIATION: lambda: self._renegotiation(0),
            Weakness.CLIENT_RENEGOTIATION: lambda: self._renegotiation(1),
            Weakness.COMPRESSION: self._compression,
            Weakness.ROBOT: self._robot,
        }
        return tuple(self._trial(weakness, attempt) for weakness, attempt in trials.items())

    def _trial(self, weakness: Weakness, attempt: Callable[[], tuple[Shown, str]]) -> Trial:
        if self._info is None:
            shown = Shown.MOOT if self._moot == _ONLY_13 else Shown.UNKNOWN
            return Trial(weakness=weakness, shown=shown, detail=self._moot)
        self._line.forget()
        try:
            shown, detail = attempt()
        except ClientCertificateRequested:
            shown, detail = Shown.UNKNOWN, _CERTIFICATE
        except Exception as error:  # noqa: BLE001 - sslyze raises whatever its parsers meet in a hostile answer
            shown, detail = Shown.UNKNOWN, words(error)
        return Trial(weakness=weakness, shown=shown, detail=detail)

    def _jobs(self, command: ScanCommand, extra: ScanCommandExtraArgument | None = None) -> list[ScanJob]:
        assert self._info is not None  # noqa: S101 - `_trial` looks
        return ScanCommandsRepository.get_implementation_cls(command).scan_jobs_for_scan_command(self._info, extra)

    def _answered(self, *, present: bool) -> tuple[Shown, str]:
        """A yes is a yes; a no needs the server's first flight, and something after it other than silence."""
        if present:
            return Shown.PRESENT, ""
        (made,) = self._line.made
        if not made.greeted:
            return Shown.UNKNOWN, "the server's first flight did not come to its end"
        if made.silent:
            return Shown.UNKNOWN, "the server was silent: it neither fell for it nor refused it"
        return Shown.ABSENT, ""

    def _single(self, job: ScanJob) -> Any:  # noqa: ANN401 - sslyze does not say
        return job.function_to_call(*job.function_arguments)

    def _heartbleed(self) -> tuple[Shown, str]:
        (job,) = self._jobs(ScanCommand.HEARTBLEED)
        return self._answered(present=self._single(job))

    def _ccs_injection(self) -> tuple[Shown, str]:
        (job,) = self._jobs(ScanCommand.OPENSSL_CCS_INJECTION)
        return self._answered(present=self._single(job))

    def _renegotiation(self, which: int) -> tuple[Shown, str]:
        """Number 0 asks whether RFC 5746 is spoken, number 1 begins the handshake again, once."""
        extra = SessionRenegotiationExtraArgument(client_renegotiation_attempts=_REPEATS)
        _, told = self._single(self._jobs(ScanCommand.SESSION_RENEGOTIATION, extra)[which])
        present = told[0] if which else not told
        return self._answered(present=present)

    def _compression(self) -> tuple[Shown, str]:
        (job,) = self._jobs(ScanCommand.TLS_COMPRESSION)
        if self._seen and self._seen.client_auth is ClientAuth.REQUIRED:
            # sslyze says "no" where the handshake ended before compression was switched on.
            raise ClientCertificateRequested(ca_list=[])
        return self._answered(present=self._single(job))

    def _robot(self) -> tuple[Shown, str]:
        answers, results = [], []
        for job in self._jobs(ScanCommand.ROBOT):
            try:
                answer = self._single(job)
            except ServerDoesNotSupportRsa:
                if self._line.made[-1].heard:
                    return Shown.MOOT, "no RSA key exchange"
                return Shown.UNKNOWN, "the server hung up at the offer of RSA key exchange"
            answers.extend(answer.values())
            results.append(ScanJobResult(_return_value=answer, _exception=None))
        if "" in answers:
            return Shown.UNKNOWN, "the server's first flight did not come to its end"
        return self._robot_result(results, self._line.made)

    def _robot_result(self, results: list[ScanJobResult], made: Iterable[Any]) -> tuple[Shown, str]:
        assert self._info is not None  # noqa: S101 - `_trial` looks
        robot = ScanCommandsRepository.get_implementation_cls(ScanCommand.ROBOT)
        verdict = robot.result_for_completed_scan_jobs(self._info, results).robot_result
        if verdict is RobotScanResultEnum.UNKNOWN_INCONSISTENT_RESULTS:
            # Whether hanging up is seen as an end or as a reset depends on timing alone.
            verdict = robot.result_for_completed_scan_jobs(self._info, [_levelled(one) for one in results]).robot_result
        if verdict is RobotScanResultEnum.NOT_VULNERABLE_NO_ORACLE and any(one.silent for one in made):
            return Shown.UNKNOWN, "the server was silent"
        return {
            RobotScanResultEnum.VULNERABLE_STRONG_ORACLE: (Shown.PRESENT, ""),
            RobotScanResultEnum.VULNERABLE_WEAK_ORACLE: (Shown.FAINT, ""),
            RobotScanResultEnum.NOT_VULNERABLE_NO_ORACLE: (Shown.ABSENT, ""),
        }.get(verdict, (Shown.UNKNOWN, "its answers were not the same each time"))
