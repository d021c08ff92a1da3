"""Certificate deployments by sslyze: the chains that a server shows to clients of other kinds. Child process only.

sslyze plans the handshakes (RSA only, anything but RSA); every socket is opened by our own lane. Its connectivity test, which waits
seconds and misreads client authentication, is replaced by what our own handshakes have shown.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # sslyze's bundled trust stores hold a root with an odd serial number
    from nassl._nassl import OpenSSLError
    from sslyze.connection_helpers import tls_connection
    from sslyze.errors import ConnectionToServerFailed
    from sslyze.plugins.certificate_info.implementation import CertificateInfoImplementation
    from sslyze.server_connectivity import (
        ClientAuthRequirementEnum,
        ServerConnectivityInfo,
        ServerTlsProbingResult,
        TlsVersionEnum,
    )
    from sslyze.server_setting import ServerNetworkConfiguration, ServerNetworkLocation

from probes.target import TlsVersion
from probes.tls.handshakes import OPENSSL_VERSIONS, is_address, kept_chain
from probes.tls.wall import BoundedSocket, Lane
from probes.tls.wire import Job

_ORDER = list(TlsVersion)
_WITH_SUITES = {TlsVersion.SSL_3_0, TlsVersion.TLS_1_0, TlsVersion.TLS_1_1, TlsVersion.TLS_1_2}
"""Versions whose cipher suites choose the kind of key (in TLS 1.3 they do not: RFC 8446, section 4.1.1)."""


def more_chains(lane: Lane, job: Job, accepted: Sequence[TlsVersion]) -> tuple[tuple[str, ...], ...]:
    """Give the chains that sslyze's handshakes bring to light; none when only TLS 1.3 or only SSLv2 is spoken."""
    fitting = [version for version in accepted if version in _WITH_SUITES]
    if not fitting or is_address(job.server_name):
        return ()
    return tuple(chain for chain in _chains(lane, job, max(fitting, key=_ORDER.index)) if chain)


def _chains(lane: Lane, job: Job, version: TlsVersion) -> Iterator[tuple[str, ...]]:
    def open_socket(*_: object) -> BoundedSocket:
        return lane.connect(job.address, job.port)

    # The one door of all of sslyze's connections; setattr, because what it gives is a socket in behaviour only.
    setattr(tls_connection, "_open_socket", open_socket)  # noqa: B010 - see above
    for step in CertificateInfoImplementation.scan_jobs_for_scan_command(_server(job, version)):
        *_, suites, with_name = step.function_arguments
        if not (suites and with_name):
            continue  # the default chain is known from our own handshakes; without a name no browser comes
        try:
            received, *_rest = step.function_to_call(*step.function_arguments)
        except (ConnectionToServerFailed, OpenSSLError, OSError, ValueError):
            continue
        yield kept_chain(received)


def _server(job: Job, version: TlsVersion) -> ServerConnectivityInfo:
    """Tell sslyze what it would have found out by itself; with the address given it asks no name server."""
    return ServerConnectivityInfo(
        server_location=ServerNetworkLocation(hostname=job.server_name, port=job.port, ip_address=job.address),
        network_configuration=ServerNetworkConfiguration(
            tls_server_name_indication=job.server_name, network_timeout=5, network_max_retries=1
        ),
        tls_probing_result=ServerTlsProbingResult(
            highest_tls_version_supported=TlsVersionEnum(OPENSSL_VERSIONS[version].value),
            cipher_suite_supported="ALL:COMPLEMENTOFALL",
            # REQUIRED makes sslyze take the chain at the request instead of going on without a certificate.
            client_auth_requirement=ClientAuthRequirementEnum.REQUIRED,
            supports_ecdh_key_exchange=True,
        ),
    )
