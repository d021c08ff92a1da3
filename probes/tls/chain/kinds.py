"""Every kind of flaw of a certificate or a path. CRLs and OCSP have theirs in `revocation_kinds.py`."""

from __future__ import annotations

from plugins.text import Text
from probes.tls.chain.flaw import About, Kind, Weight

_EKU = "pedantic-webpki-eku"
_STRICT = "pedantic-rfc5280"


def _kind(
    code: str, about: About, source: str, en: str, ja: str, weight: Weight = Weight.REJECTS, feature: str = ""
) -> Kind:
    return Kind(code, about, source, Text(en=en, ja=ja), weight, feature)


_C, _D, _N, _P, _S = About.CERTIFICATE, About.DATES, About.NAMES, About.PATH, About.SENT
_REMARK, _GUIDANCE = Weight.REMARK, Weight.GUIDANCE

# --- one certificate: its form
MALFORMED = _kind(
    "malformed", _C, "RFC 5280, 4.1", "{name} cannot be read: {detail}", "{name} を読み取れません（{detail}）"
)
VERSION = _kind(
    "version", _C, "BR 7.1.1", "{name} is no X.509 version 3 certificate", "{name} が X.509 v3 証明書ではありません"
)
ALGORITHMS_DIFFER = _kind(
    "signature-algorithms-differ",
    _C,
    "RFC 5280, 4.1.1.2",
    "{name} names one signature algorithm inside and another one outside",
    "{name} の内側と外側で署名アルゴリズムが異なります",
)
SERIAL = _kind(
    "serial-number",
    _C,
    "RFC 5280, 4.1.2.2",
    "{name} has a serial number that is {detail}",
    "{name} のシリアル番号が不正です（{detail}）",
)
EMPTY_ISSUER = _kind(
    "empty-issuer", _C, "RFC 5280, 4.1.2.4", "{name} does not say who issued it", "{name} に発行者名がありません"
)
EMPTY_SUBJECT = _kind(
    "empty-subject",
    _C,
    "RFC 5280, 4.1.2.6",
    "an authority of the chain has no name",
    "チェーン内の認証局証明書に主体者名がありません",
)
UNKNOWN_CRITICAL = _kind(
    "unknown-critical-extension",
    _C,
    "RFC 5280, 4.2",
    "{name} has a critical extension that is not known: {detail}",
    "{name} に未知の必須（critical）拡張 {detail} があります",
)
CRITICALITY = _kind(
    "criticality",
    _C,
    "RFC 5280, 4.2",
    "{name}: the extension {detail}",
    "{name} の拡張の critical 指定が不正です（{detail}）",
)
WEAK_KEY = _kind(
    "weak-key",
    _C,
    "BR 6.1.5",
    "{name} has a key that may not be used: {detail}",
    "{name} の鍵は使用できません（{detail}）",
)
WEAK_SIGNATURE = _kind(
    "weak-signature",
    _C,
    "BR 7.1.3.2",
    "{name} is signed with an algorithm that may not be used: {detail}",
    "{name} の署名アルゴリズムは使用できません（{detail}）",
)
KEY_IDENTIFIERS = _kind(
    "key-identifiers",
    _C,
    "RFC 5280, 4.2.1.1 and 4.2.1.2; BR 7.1.2.11.1",
    "{name}: {detail}",
    "{name} の鍵識別子が不正です（{detail}）",
)
CROSS_SIGNED_ANCHOR = _kind(
    "anchor-without-aki",
    _C,
    "RFC 5280, 4.2.1.1",
    "the trust anchor {name} is issued by another authority, but does not identify its key",
    "トラストアンカー {name} に発行者の鍵識別子がありません",
    _REMARK,
    _STRICT,
)

# --- one certificate: authorities
NOT_AN_AUTHORITY = _kind(
    "not-an-authority",
    _P,
    "RFC 5280, 6.1.4 (k)",
    "{name} issued a certificate of the chain, but is no authority: {detail}",
    "{name} はチェーン内の証明書を発行していますが、認証局ではありません（{detail}）",
)
MAY_NOT_SIGN = _kind(
    "may-not-sign",
    _P,
    "RFC 5280, 6.1.4 (n)",
    "{name} may not sign certificates: its key usage lacks keyCertSign",
    "{name} には証明書に署名する権限（keyCertSign）がありません",
)
NO_KEY_USAGE = _kind(
    "no-key-usage",
    _C,
    "BR 7.1.2.10.7",
    "the authority {name} has no key usage",
    "認証局証明書 {name} に keyUsage がありません",
)
NO_KEY_USAGE_ANCHOR = _kind(
    "anchor-without-key-usage",
    _C,
    "BR 7.1.2.1.2",
    "the trust anchor {name} has no key usage",
    "トラストアンカー {name} に keyUsage がありません",
    _REMARK,
)
PATH_LENGTH = _kind(
    "path-length",
    _P,
    "RFC 5280, 6.1.4 (l)-(m)",
    "{name} allows {allowed} authorities below it, but there are {seen}",
    "{name} の下に許される認証局は {allowed} 段までですが、{seen} 段あります",
)
NAME_CONSTRAINTS = _kind(
    "name-constraints",
    _P,
    "RFC 5280, 4.2.1.10",
    "{name} may not issue for {detail}",
    "{name} は {detail} に対する証明書を発行できません",
)
BAD_CONSTRAINTS = _kind(
    "malformed-name-constraints",
    _C,
    "RFC 5280, 4.2.1.10",
    "{name} has name constraints that cannot be applied: {detail}",
    "{name} の名前制約を適用できません（{detail}）",
)
CONSTRAINTS_NOT_CRITICAL = _kind(
    "name-constraints-not-critical",
    _C,
    "RFC 5280, 4.2.1.10",
    "{name}: its name constraints are not marked critical",
    "{name} の名前制約が critical ではありません",
    _REMARK,
    "rfc5280-incompatible-with-webpki",
)
PURPOSE_ABOVE = _kind(
    "purpose-of-authority",
    _P,
    "BR 7.1.2.10.6",
    "{name} may not issue certificates for this purpose: its extended key usage lacks {detail}",
    "{name} はこの用途（{detail}）の証明書を発行できません",
)
ANCHOR_PURPOSES = _kind(
    "anchor-with-purposes",
    _C,
    "BR 7.1.2.1.2",
    "the trust anchor {name} has extended key usages",
    "トラストアンカー {name} に拡張鍵用途があります",
    _REMARK,
    _EKU,
)
POLICIES = _kind(
    "policies",
    _P,
    "RFC 5280, 6.1.5",
    "the certificate policies of the chain do not fit together: {detail}",
    "チェーンの証明書ポリシーが整合していません（{detail}）",
)

# --- one certificate: the leaf
LEAF_IS_AUTHORITY = _kind(
    "leaf-is-authority",
    _C,
    "BR 7.1.2.7.8",
    "the server certificate {name} is that of an authority",
    "サーバ証明書 {name} が認証局の証明書です",
)
LEAF_KEY_USAGE = _kind(
    "leaf-key-usage",
    _C,
    "RFC 5280, 4.2.1.3",
    "the key usage of {name} does not fit: {detail}",
    "{name} の keyUsage が用途に合いません（{detail}）",
)
LEAF_PURPOSE = _kind(
    "purpose",
    _C,
    "RFC 5280, 4.2.1.12",
    "{name} is not for this purpose: its extended key usage lacks {detail}",
    "{name} はこの用途（{detail}）の証明書ではありません",
)
PURPOSE_MISSING = _kind(
    "no-purpose",
    _C,
    "BR 7.1.2.7.6",
    "{name} does not say what it is for (no extended key usage)",
    "{name} に拡張鍵用途がありません",
    _REMARK,
    _EKU,
)
PURPOSE_ANY = _kind(
    "any-purpose",
    _C,
    "BR 7.1.2.7.10",
    "{name} is for any purpose, which is not allowed",
    "{name} の拡張鍵用途 anyExtendedKeyUsage は認められません",
    _REMARK,
    _EKU,
)
PURPOSE_CRITICAL = _kind(
    "critical-purpose",
    _C,
    "BR 7.1.2.7.6",
    "{name}: its extended key usage is marked critical",
    "{name} の拡張鍵用途が critical です",
    _REMARK,
    _EKU,
)
LEAF_CONSTRAINTS = _kind(
    "leaf-name-constraints",
    _C,
    "RFC 5280, 4.2.1.10",
    "{name} has name constraints, but is no authority",
    "{name} は認証局ではないのに名前制約があります",
)
NO_NAMES = _kind(
    "no-names",
    _N,
    "BR 7.1.2.7.12",
    "{name} has no subjectAltName; its common name does not count",
    "{name} に subjectAltName がありません（共通名は使われません）",
)
BAD_NAME = _kind(
    "malformed-name",
    _C,
    "RFC 5280, 4.2.1.6; BR 7.1.4.2",
    "{name} holds a name that is none: {detail}",
    "{name} に不正な名前があります（{detail}）",
)
SUFFIX_WILDCARD = _kind(
    "public-suffix-wildcard",
    _C,
    "BR 3.2.2.6",
    "{name} stands for a whole public suffix: {detail}",
    "{name} が公開サフィックス全体（{detail}）を表しています",
)
COMMON_NAME = _kind(
    "common-name",
    _C,
    "BR 7.1.4.3",
    "the common name of {name} is none of its subjectAltNames: {detail}",
    "{name} の共通名 {detail} が subjectAltName にありません",
    _GUIDANCE,
)
COMMON_NAME_SPELLING = _kind(
    "common-name-spelling",
    _C,
    "BR 7.1.4.3",
    "the common name of {name} is spelt in a way that is not allowed: {detail}",
    "{name} の共通名 {detail} の表記が認められていません",
)
NAME_MISMATCH = _kind(
    "name-mismatch",
    _N,
    "RFC 9525, 6",
    "{name} does not stand for {detail}",
    "{name} は {detail} の証明書ではありません",
)
LONG_VALIDITY = _kind(
    "long-validity",
    _C,
    "BR 6.3.2",
    "{name} is valid for {days} days; at most {most} are allowed",
    "{name} の有効期間は {days} 日で、上限の {most} 日を超えています",
    _GUIDANCE,
)

# --- dates
EXPIRED = _kind("expired", _D, "RFC 5280, 4.1.2.5", "{name} expired on {day}", "{name} は {day} に期限が切れています")
NOT_YET_VALID = _kind(
    "not-yet-valid", _D, "RFC 5280, 4.1.2.5", "{name} is valid only from {day} on", "{name} は {day} から有効です"
)

# --- the path
SELF_SIGNED = _kind(
    "self-signed",
    _P,
    "RFC 5280, 6.1",
    "{name} is signed by itself, by no authority",
    "{name} は自己署名であり、認証局が発行していません",
)
UNTRUSTED = _kind(
    "untrusted-root",
    _P,
    "RFC 5280, 6.1",
    "the path ends at the root {name}, which is not a trusted one",
    "経路が、信頼されていないルート証明書 {name} に至ります",
)
MISSING = _kind(
    "missing-issuer",
    _P,
    "RFC 5246, 7.4.2; RFC 8446, 4.4.2",
    "the certificate of {issuer}, which issued {name}, was not sent and is not a trusted root",
    "{name} を発行した {issuer} の証明書が送信されず、信頼できるルート証明書でもありません",
)
BAD_SIGNATURE = _kind(
    "bad-signature",
    _P,
    "RFC 5280, 6.1.3 (a)(1)",
    "the signature on {name} is not by the certificate of {issuer} that was sent",
    "{name} の署名が、送信された {issuer} の証明書と一致しません",
)
LOOP = _kind(
    "loop",
    _P,
    "RFC 4158, 2.4.2",
    "the authorities above {name} sign one another and lead to no root",
    "{name} の上位の認証局が互いに署名しているだけで、ルート証明書に至りません",
)
TOO_DEEP = _kind(
    "too-deep",
    _P,
    "RFC 4158, 2.4.2",
    "there is no path with at most {most} authorities between the certificate and a root",
    "ルート証明書までの経路が、許された段数 {most} に収まりません",
)
TOO_COMPLEX = _kind(
    "too-complex",
    _P,
    "RFC 4158, 2.4.2",
    "the chain is made so that checking it takes too long: {detail}",
    "検証に時間がかかりすぎるように作られたチェーンです（{detail}）",
)

# --- what was sent
SENT_FETCHED = _kind(
    "issuer-fetched",
    _S,
    "RFC 8446, 4.4.2",
    "the server did not send {name}; it had to be fetched from {detail}",
    "サーバが {name} を送信しないため、{detail} から取得しました",
    _GUIDANCE,
)
SENT_ORDER = _kind(
    "order",
    _S,
    "RFC 5246, 7.4.2",
    "the certificates are not sent in the order of the path",
    "証明書が経路の順に送信されていません",
    _GUIDANCE,
)
SENT_EXTRA = _kind(
    "extra",
    _S,
    "RFC 5246, 7.4.2",
    "the server sends {name}, which does not belong to the path",
    "経路に属さない証明書 {name} が送信されています",
    _REMARK,
)
SENT_ROOT = _kind(
    "root-sent",
    _S,
    "RFC 5246, 7.4.2",
    "the server sends the root {name}, which clients have anyway",
    "クライアントが持っているルート証明書 {name} が送信されています",
    _REMARK,
)
