"""What an OCSP response says of a certificate (RFC 6960, section 3.2). Pure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID as Oid

from probes.tls.chain import revocation_kinds as kinds
from probes.tls.chain.certificate import LIBRARY_ERRORS, Certificate, library_words, name_key
from probes.tls.chain.profile import PURPOSES
from probes.tls.chain.signatures import NAMES, weak_key
from probes.tls.chain.status import Says, Sheet, Status, day

_WEAK = {"md5", "sha1", "sha224"}
_HASHES = {
    algorithm.name: algorithm
    for algorithm in (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())  # noqa: S303 - what RFC 6960 asks for
}
_REFUSALS = {
    ocsp.OCSPResponseStatus.MALFORMED_REQUEST: "it says that it cannot read the question",
    ocsp.OCSPResponseStatus.INTERNAL_ERROR: "it says that it has an internal error",
    ocsp.OCSPResponseStatus.TRY_LATER: "it says: try later",
    ocsp.OCSPResponseStatus.SIG_REQUIRED: "it wants signed questions",
    ocsp.OCSPResponseStatus.UNAUTHORIZED: "it says that it is not responsible",
}


def request(certificate: Certificate, issuer: Certificate) -> bytes:
    """Give the DER of a question about one certificate: SHA-1 names, no nonce, as every responder understands (RFC 5019)."""
    builder = ocsp.OCSPRequestBuilder()
    built = builder.add_certificate_by_hash(
        _digest(certificate.x509.issuer.public_bytes(), "sha1"),
        _digest(issuer.key_bits, "sha1"),
        certificate.serial,
        _HASHES["sha1"],
    )
    return built.build().public_bytes(Encoding.DER)


def judge_ocsp(certificate: Certificate, issuer: Certificate, der: bytes, source: str, at: datetime) -> Status:
    """Say what a response says of a certificate, and everything that is wrong with it."""
    sheet = Sheet(certificate, source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            response = ocsp.load_der_ocsp_response(der)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                return sheet.nothing(kinds.OCSP_REFUSED, detail=_REFUSALS[response.response_status])
            return _judged(response, issuer, at, sheet)
    except LIBRARY_ERRORS as error:
        return sheet.nothing(kinds.OCSP_MALFORMED, detail=library_words(error))


def _judged(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime, sheet: Sheet) -> Status:
    single = next((one for one in response.responses if _is_about(one, sheet.certificate, issuer)), None)
    if single is None:
        return sheet.nothing(kinds.OCSP_OTHER)
    signer = _signer(response, issuer, at, sheet)
    if signer is None:
        return sheet.status(Says.NOTHING)
    if not _signature_holds(response, signer):
        return sheet.nothing(kinds.OCSP_SIGNATURE)
    _algorithm(response, signer, sheet)
    unknown = [one.oid.dotted_string for one in response.extensions if one.critical and _odd(one)]
    unknown += [one.oid.dotted_string for one in response.single_extensions if one.critical and _odd(one)]
    if unknown:
        sheet.note(kinds.OCSP_EXTENSION, detail=", ".join(unknown)[:200])
    this, due = single.this_update_utc, single.next_update_utc
    if this > at:
        sheet.note(kinds.OCSP_FUTURE, day=day(this))
    elif due is not None and due < at:
        sheet.note(kinds.OCSP_STALE, day=day(due))
    return _said(single, sheet, this, due)


def _said(single: ocsp.OCSPSingleResponse, sheet: Sheet, this: datetime, due: datetime | None) -> Status:
    match single.certificate_status:
        case ocsp.OCSPCertStatus.REVOKED:
            reason, when = single.revocation_reason, single.revocation_time_utc
            words = reason.value if reason else "unspecified"
            sheet.note(kinds.REVOKED, day=day(when) if when else "?", reason=words)
            return sheet.status(Says.REVOKED, this, due)
        case ocsp.OCSPCertStatus.UNKNOWN:
            sheet.note(kinds.OCSP_UNKNOWN)
            return sheet.status(Says.NOTHING, this, due)
        case _:
            usable = not any(flaw.rejects() for flaw in sheet.flaws)
            return sheet.status(Says.GOOD if usable else Says.NOTHING, this, due)


def _odd(extension: x509.Extension[x509.ExtensionType]) -> bool:
    return isinstance(extension.value, x509.UnrecognizedExtension)


def _is_about(single: ocsp.OCSPSingleResponse, certificate: Certificate, issuer: Certificate) -> bool:
    if single.serial_number != certificate.serial:
        return False
    name = single.hash_algorithm.name
    return (
        name in _HASHES
        and single.issuer_name_hash == _digest(issuer.x509.subject.public_bytes(), name)
        and single.issuer_key_hash == _digest(issuer.key_bits, name)
    )


def _digest(data: bytes, algorithm: str) -> bytes:
    digest = hashes.Hash(_HASHES[algorithm])
    digest.update(data)
    return digest.finalize()


def _signer(response: ocsp.OCSPResponse, issuer: Certificate, at: datetime, sheet: Sheet) -> Certificate | None:
    """Give who may have signed: the issuer, or somebody whom the issuer gave that right (section 4.2.2.2)."""
    if _is_responder(response, issuer):
        return issuer
    candidates = [one for one in _certificates(response) if _is_responder(response, one)]
    if not candidates:
        sheet.note(kinds.OCSP_SIGNER, detail="its certificate is not in the response")
        return None
    signer = candidates[0]
    problems = (
        (signer.issuer != issuer.subject or not signer.signed_by(issuer), "not by the certificate's issuer"),
        (PURPOSES["OCSPSigning"] not in (signer.purposes or ()), "no extended key usage OCSPSigning"),
        (not signer.valid_at(at), "its own certificate is out of date"),
        (bool(signer.trouble or signer.unknown_critical), "its own certificate cannot be read"),
        (bool(weak_key(signer.key)), f"its key is {signer.key.shown}"),
    )
    why = next((words for wrong, words in problems if wrong), "")
    if why:
        sheet.note(kinds.OCSP_SIGNER, detail=why)
        return None
    return signer


def _certificates(response: ocsp.OCSPResponse) -> Iterator[Certificate]:
    for certificate in response.certificates[:8]:
        yield Certificate(certificate.public_bytes(Encoding.DER))


def _is_responder(response: ocsp.OCSPResponse, certificate: Certificate) -> bool:
    if response.responder_name is not None:
        return name_key(response.responder_name) == certificate.subject
    return response.responder_key_hash == _digest(certificate.key_bits, "sha1")


def _signature_holds(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    key, algorithm = signer.public_key, response.signature_hash_algorithm
    try:
        match key:
            case rsa.RSAPublicKey() if algorithm is not None and response.signature_algorithm_oid == Oid.RSASSA_PSS:
                pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
                key.verify(response.signature, response.tbs_response_bytes, pss, algorithm)
            case rsa.RSAPublicKey() if algorithm is not None:
                key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey() if algorithm is not None:
                key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
            case _:
                return False
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _algorithm(response: ocsp.OCSPResponse, signer: Certificate, sheet: Sheet) -> None:
    algorithm = response.signature_hash_algorithm
    if algorithm is not None and algorithm.name in _WEAK:
        oid = response.signature_algorithm_oid
        sheet.note(kinds.OCSP_WEAK, detail=NAMES.get(oid, oid.dotted_string))
    elif why := weak_key(signer.key):
        sheet.note(kinds.OCSP_WEAK, detail=why)
