"""Every kind of flaw of a CRL, an OCSP response, or of what they say."""

from __future__ import annotations

from plugins.text import Text
from probes.tls.chain.flaw import About, Kind, Weight


def _kind(code: str, about: About, source: str, en: str, ja: str, weight: Weight = Weight.REJECTS) -> Kind:
    return Kind(code, about, source, Text(en=en, ja=ja), weight)


_R, _L, _O = About.REVOKED, About.CRL, About.OCSP

REVOKED = _kind(
    "revoked",
    _R,
    "RFC 5280, 6.3; RFC 6960, 2.2",
    "{name} was revoked on {day} (reason: {reason}), says {source}",
    "{name} は {day} に失効しています（理由：{reason}、{source} による）",
)
NO_SOURCE = _kind(
    "no-revocation-source",
    _R,
    "BR 7.1.2.7.7 and 7.1.2.11.2",
    "{name} names neither a CRL nor an OCSP responder, so it cannot be told whether it is revoked",
    "{name} に CRL も OCSP も記載がなく、失効の有無を確認できません",
)
MUST_STAPLE = _kind(
    "must-staple",
    _R,
    "RFC 7633, 4",
    "{name} demands a stapled OCSP response, but the server sends none",
    "{name} は OCSP ステープリングを必須としていますが、サーバが応答を送信しません",
)

# --- CRLs
CRL_UNREACHABLE = _kind(
    "crl-unreachable",
    _L,
    "RFC 5280, 4.2.1.13",
    "the CRL for {name} cannot be had from {source}: {detail}",
    "{name} の CRL を {source} から取得できません（{detail}）",
)
CRL_MALFORMED = _kind(
    "crl-malformed",
    _L,
    "RFC 5280, 5.1",
    "what {source} gives as CRL for {name} is none: {detail}",
    "{name} の CRL として {source} から得たものが CRL ではありません（{detail}）",
)
CRL_ISSUER = _kind(
    "crl-issuer",
    _L,
    "RFC 5280, 6.3.3 (b)(1)",
    "the CRL for {name} from {source} is by somebody else: {detail}",
    "{name} の CRL（{source}）の発行者が異なります（{detail}）",
)
CRL_SIGNATURE = _kind(
    "crl-signature",
    _L,
    "RFC 5280, 6.3.3 (g)",
    "the signature on the CRL for {name} from {source} is not by its issuer",
    "{name} の CRL（{source}）の署名が発行者のものではありません",
)
CRL_SIGNER = _kind(
    "crl-signer",
    _L,
    "RFC 5280, 6.3.3 (f)",
    "the issuer of the CRL for {name} from {source} may not sign CRLs (its key usage lacks cRLSign)",
    "{name} の CRL（{source}）の発行者に CRL 署名の権限（cRLSign）がありません",
)
CRL_WEAK = _kind(
    "crl-weak-signature",
    _L,
    "BR 7.1.3.2",
    "the CRL for {name} from {source} is signed with an algorithm that may not be used: {detail}",
    "{name} の CRL（{source}）の署名アルゴリズムは使用できません（{detail}）",
)
CRL_STALE = _kind(
    "crl-stale",
    _L,
    "RFC 5280, 5.1.2.5",
    "the CRL for {name} from {source} is out of date: the next one was due on {day}",
    "{name} の CRL（{source}）が古くなっています（次回更新予定 {day}）",
)
CRL_FUTURE = _kind(
    "crl-future",
    _L,
    "RFC 5280, 5.1.2.4",
    "the CRL for {name} from {source} was issued in the future, on {day}",
    "{name} の CRL（{source}）の発行日 {day} が未来です",
)
CRL_NO_NEXT = _kind(
    "crl-no-next-update",
    _L,
    "RFC 5280, 5.1.2.5",
    "the CRL for {name} from {source} does not say when the next one is due",
    "{name} の CRL（{source}）に次回更新日がありません",
)
CRL_NUMBER = _kind(
    "crl-number",
    _L,
    "RFC 5280, 5.2.3",
    "the CRL for {name} from {source} {detail}",
    "{name} の CRL（{source}）の CRL 番号が不正です（{detail}）",
)
CRL_EXTENSION = _kind(
    "crl-critical-extension",
    _L,
    "RFC 5280, 5.2",
    "the CRL for {name} from {source} has a critical extension that is not known: {detail}",
    "{name} の CRL（{source}）に未知の必須（critical）拡張 {detail} があります",
)
CRL_SCOPE = _kind(
    "crl-scope",
    _L,
    "RFC 5280, 6.3.3 (b)(2)",
    "the CRL from {source} does not cover {name}: {detail}",
    "{source} の CRL は {name} を対象としていません（{detail}）",
)
CRL_VERSION = _kind(
    "crl-version",
    _L,
    "RFC 5280, 5.1.2.1",
    "the CRL for {name} from {source} is not of version 2",
    "{name} の CRL（{source}）が v2 ではありません",
)
CRL_DELTA = _kind(
    "crl-delta",
    _L,
    "RFC 5280, 5.2.4",
    "the delta CRL for {name} from {source} does not fit: {detail}",
    "{name} の差分 CRL（{source}）が適用できません（{detail}）",
)
CRL_NOT_ASKED = _kind(
    "crl-not-asked",
    _L,
    "RFC 5280, 6.3",
    "the CRL for {name} at {source} was not asked for: {detail}",
    "{name} の CRL（{source}）は確認していません（{detail}）",
    Weight.REMARK,
)

# --- OCSP
OCSP_UNREACHABLE = _kind(
    "ocsp-unreachable",
    _O,
    "RFC 6960, 2.3",
    "the OCSP responder {source} for {name} gives no answer: {detail}",
    "{name} の OCSP レスポンダ {source} が応答しません（{detail}）",
)
OCSP_MALFORMED = _kind(
    "ocsp-malformed",
    _O,
    "RFC 6960, 4.2.1",
    "what {source} gives as OCSP response for {name} is none: {detail}",
    "{name} の OCSP 応答として {source} から得たものが正しくありません（{detail}）",
)
OCSP_REFUSED = _kind(
    "ocsp-refused",
    _O,
    "RFC 6960, 2.3",
    "the OCSP responder {source} does not answer for {name}: {detail}",
    "OCSP レスポンダ {source} が {name} について回答しません（{detail}）",
)
OCSP_OTHER = _kind(
    "ocsp-other-certificate",
    _O,
    "RFC 6960, 3.2 (1)",
    "the OCSP response from {source} is for another certificate than {name}",
    "{source} の OCSP 応答が {name} とは別の証明書に対するものです",
)
OCSP_SIGNATURE = _kind(
    "ocsp-signature",
    _O,
    "RFC 6960, 3.2 (2)",
    "the signature on the OCSP response for {name} from {source} does not hold",
    "{name} の OCSP 応答（{source}）の署名が正しくありません",
)
OCSP_SIGNER = _kind(
    "ocsp-signer",
    _O,
    "RFC 6960, 4.2.2.2",
    "the OCSP response for {name} from {source} is signed by somebody who may not: {detail}",
    "{name} の OCSP 応答（{source}）の署名者に権限がありません（{detail}）",
)
OCSP_WEAK = _kind(
    "ocsp-weak-signature",
    _O,
    "BR 7.1.3.2",
    "the OCSP response for {name} from {source} is signed with an algorithm that may not be used: {detail}",
    "{name} の OCSP 応答（{source}）の署名アルゴリズムは使用できません（{detail}）",
)
OCSP_STALE = _kind(
    "ocsp-stale",
    _O,
    "RFC 6960, 3.2 (5)-(6)",
    "the OCSP response for {name} from {source} is out of date since {day}",
    "{name} の OCSP 応答（{source}）が {day} に期限切れです",
)
OCSP_FUTURE = _kind(
    "ocsp-future",
    _O,
    "RFC 6960, 4.2.2.1",
    "the OCSP response for {name} from {source} is from the future, {day}",
    "{name} の OCSP 応答（{source}）の日付 {day} が未来です",
)
OCSP_UNKNOWN = _kind(
    "ocsp-unknown",
    _O,
    "RFC 6960, 2.2",
    "the OCSP responder {source} does not know {name}",
    "OCSP レスポンダ {source} が {name} を知りません",
)
OCSP_EXTENSION = _kind(
    "ocsp-critical-extension",
    _O,
    "RFC 6960, 4.4",
    "the OCSP response for {name} from {source} has a critical extension that is not known: {detail}",
    "{name} の OCSP 応答（{source}）に未知の必須（critical）拡張 {detail} があります",
)
OCSP_NOT_ASKED = _kind(
    "ocsp-not-asked",
    _O,
    "RFC 6960",
    "the OCSP responder {source} for {name} was not asked: {detail}",
    "{name} の OCSP レスポンダ（{source}）には問い合わせていません（{detail}）",
    Weight.REMARK,
)
