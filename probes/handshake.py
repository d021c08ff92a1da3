"""One TLS handshake over our own connection, with what an ask offers. Nothing is verified: certificates are facts, not opinions."""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from collections.abc import Iterator

from plugins.ask import Answer, NoAnswer, NoAnswerReason, ServiceEndpoint, TlsAnswer, TlsAsk, TlsVersion, WebEndpoint
from probes.dial import Dialer, DialError, OutOfScopeError, observing_context
from probes.transcript import Transcript

MOST_CERTIFICATES = 10
"""Certificates of a chain that are kept."""

_VERSIONS: dict[TlsVersion, ssl.TLSVersion] = {
    "ssl30": ssl.TLSVersion.SSLv3,
    "tls10": ssl.TLSVersion.TLSv1,
    "tls11": ssl.TLSVersion.TLSv1_1,
    "tls12": ssl.TLSVersion.TLSv1_2,
    "tls13": ssl.TLSVersion.TLSv1_3,
}
_SHOWN: dict[str, TlsVersion] = {
    "SSLv3": "ssl30",
    "TLSv1": "tls10",
    "TLSv1.1": "tls11",
    "TLSv1.2": "tls12",
    "TLSv1.3": "tls13",
}
_CIPHERS = {
    "AES128": "AES_128",
    "AES256": "AES_256",
    "CAMELLIA128": "CAMELLIA_128",
    "CAMELLIA256": "CAMELLIA_256",
    "ARIA128": "ARIA_128",
    "ARIA256": "ARIA_256",
    "CHACHA20": "CHACHA20",
    "DES": "DES",
    "RC4": "RC4_128",
    "SEED": "SEED",
    "NULL": "NULL",
    "IDEA": "IDEA",
}
_MODES = frozenset({"GCM", "CCM", "CCM8", "POLY1305", "CBC", "CBC3"})
_MACS = frozenset({"SHA", "SHA256", "SHA384", "MD5"})


class _NotOfferedError(Exception):
    """What an ask offers cannot be offered by this machine's TLS library."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"this machine's TLS library cannot offer {self.what}"


async def exchange(
    dialer: Dialer, endpoint: ServiceEndpoint | WebEndpoint, ask: TlsAsk
) -> tuple[Answer, Transcript | None]:
    """Make one handshake; raises only `CutOffError`. The transcript is None when no connection was made."""
    try:
        context = _context(ask)
    except _NotOfferedError as error:
        return NoAnswer(reason=NoAnswerReason.CUT_OFF, detail=str(error)), None
    name = ask.server_name or ("" if _is_address(endpoint.host) else endpoint.host)
    await dialer.meter.request()
    try:
        async with dialer.connect(
            endpoint.address, endpoint.port, timeout_s=ask.timeout_s, tls_name=name, context=context
        ) as connection:
            dialer.counter.request()
            shaken = connection.tls
            if shaken is None:
                return NoAnswer(reason=NoAnswerReason.TLS, detail="no handshake"), connection.transcript
            answer = TlsAnswer(
                version=_SHOWN.get(shaken.version() or "", ""),
                cipher=iana_name((shaken.cipher() or ("",))[0]),
                certificates=_chain(shaken)[:MOST_CERTIFICATES],
                server_name=name,
                at=int(dialer.clock.now().timestamp()),
            )
            return answer, connection.transcript
    except DialError as error:
        return NoAnswer(reason=error.reason, detail=error.detail), None
    except OutOfScopeError as error:
        return NoAnswer(reason=NoAnswerReason.OUT_OF_SCOPE, detail=str(error)), None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _context(ask: TlsAsk) -> ssl.SSLContext:
    """Give the context that offers what the ask says; raises `_NotOfferedError`, because a refusal must be the server's."""
    if "ssl30" in {ask.min_version, ask.max_version} and not ssl.HAS_SSLv3:
        raise _NotOfferedError("ssl30")
    context = observing_context()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # old versions are deprecated; that is why servers that speak them are sought
            if ask.max_version:
                context.maximum_version = _VERSIONS[ask.max_version]
            if ask.min_version:
                context.minimum_version = _VERSIONS[ask.min_version]
        if ask.ciphers:
            _offer(context, ask.ciphers)
    except (ValueError, ssl.SSLError) as error:
        raise _NotOfferedError(f"that: {error}") from None
    return context


def _offer(context: ssl.SSLContext, wanted: tuple[str, ...]) -> None:
    known = {iana_name(entry["name"]): entry["name"] for entry in context.get_ciphers()}
    missing = [name for name in wanted if name not in known]
    if missing:
        raise _NotOfferedError(", ".join(missing)[:200])
    older = [known[name] for name in wanted if not known[name].startswith("TLS_")]
    if older:
        context.set_ciphers(":".join([*older, "@SECLEVEL=0"]))
    newest = context.maximum_version in {ssl.TLSVersion.MAXIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_3}
    if newest and len(older) == len(wanted):
        # The suites of TLS 1.3 are offered apart, and always.
        context.maximum_version = ssl.TLSVersion.TLSv1_2


def _chain(shaken: ssl.SSLObject) -> tuple[bytes, ...]:
    """Give the certificates as sent. Before Python 3.13 the chain is only within reach below the public object."""
    below = shaken if hasattr(shaken, "get_unverified_chain") else getattr(shaken, "_sslobj", None)
    if below is not None and hasattr(below, "get_unverified_chain"):
        return tuple(_der(one) for one in below.get_unverified_chain() or ())
    leaf = shaken.getpeercert(binary_form=True)
    return (leaf,) if leaf else ()


def _der(certificate: object) -> bytes:
    if isinstance(certificate, bytes):
        return certificate
    return bytes(certificate.public_bytes(2))  # type: ignore[attr-defined]  # _ssl.ENCODING_DER is 2


def iana_name(name: str) -> str:
    """Give the IANA name of a cipher suite that OpenSSL names, such as ECDHE-RSA-AES128-GCM-SHA256."""
    if name.startswith(("TLS_", "SSL_")) or not name:
        return name
    parts = name.split("-")
    start = next((place for place, part in enumerate(parts) if part in _CIPHERS), None)
    if start is None:
        return name
    return "TLS_" + "_".join((*_keys(parts[:start]), "WITH", *_bulk(parts[start:])))


def _keys(parts: list[str]) -> Iterator[str]:
    if not parts:
        yield "RSA"
    for part in parts:
        yield {"ADH": "DH_anon", "AECDH": "ECDH_anon", "EDH": "DHE"}.get(part, part)


def _bulk(parts: list[str]) -> Iterator[str]:
    cipher, *rest = parts
    mode = next((part for part in rest if part in _MODES), "")
    mac = next((part for part in rest if part in _MACS), "")
    if cipher == "DES" and mode == "CBC3":
        yield "3DES_EDE_CBC"
    elif cipher in {"RC4", "NULL"}:
        yield _CIPHERS[cipher]
    else:
        yield f"{_CIPHERS[cipher]}_{mode.replace('CCM8', 'CCM_8') or 'CBC'}"
    # CHACHA20-POLY1305 and CCM name no hash in OpenSSL.
    if mac or mode == "POLY1305":
        yield mac or "SHA256"
