"""The rules about TLS (inspection rules 4.3.5.1).

Every breach has one cause and so one finding: a certificate that is out of date is no path error, a leaf is no chain
certificate, and where no handshake works nothing is said about what a handshake would have shown.
"""

from __future__ import annotations

from plugins.text import Text
from probes.finding import Grade, Severity
from probes.rule import Rule
from probes.target import Item

_CLAUSE = "4.3.5.1"

VERSIONS_DIFFER = Rule(
    id="tls.versions-differ",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="{version} at {endpoint} is not as declared: {difference}",
        ja="{endpoint} の {version} が申告と一致しません：{difference}",
    ),
    remedy=Text(
        en="Switch {version} on or off in the server's TLS settings as declared, or correct the declaration. SSLv2, SSLv3, "
        "TLSv1.0 and TLSv1.1 should be off.",
        ja="サーバの TLS 設定で {version} を申告どおりに有効または無効にするか、申告を訂正してください。SSLv2、SSLv3、TLSv1.0、"
        "TLSv1.1 は無効にすることを推奨します。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc9325",),
)
CLIENT_AUTH_DIFFERS = Rule(
    id="tls.client-auth-differs",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="Client authentication at {endpoint} is not as declared: declared {declared}, seen {seen}",
        ja="{endpoint} のクライアント認証が申告と一致しません：申告は{declared}、実際は{seen}",
    ),
    remedy=Text(
        en="Set the server's client authentication as declared, for every protocol version, or correct the declaration.",
        ja="すべてのバージョンについて、サーバのクライアント認証を申告どおりに設定するか、申告を訂正してください。",
    ),
)
PROTOCOL_FAILS = Rule(
    id="tls.protocol-fails",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="TLS does not work at {endpoint}: no version was accepted",
        ja="{endpoint} で TLS が機能していません：どのバージョンでも接続できませんでした",
    ),
    remedy=Text(
        en="Check that the server speaks TLS on this port and has a certificate and key that fit; then apply for re-inspection.",
        ja="このポートで TLS が動作し、証明書と鍵が正しく設定されているかを確認し、その後、再審査を申請してください。",
    ),
)
CERTIFICATE_DATES = Rule(
    id="tls.certificate-dates",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The server certificate at {endpoint} is out of date: it {validity}",
        ja="{endpoint} のサーバ証明書が有効期間外です：{validity}",
    ),
    remedy=Text(
        en="Have the certificate renewed and installed, and let renewal run by itself from now on.",
        ja="証明書を更新して設定し、今後は自動で更新されるようにしてください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",),
)
CERTIFICATE_NAMES = Rule(
    id="tls.certificate-names",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The server certificate at {endpoint} does not hold the name {names}",
        ja="{endpoint} のサーバ証明書に名前 {names} が含まれていません",
    ),
    remedy=Text(
        en="Have a certificate issued whose subjectAltName holds every name of the shop, or correct the declaration.",
        ja="ショップのすべての名前を subjectAltName に含む証明書を取得するか、申告を訂正してください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc9525",),
)
PATH = Rule(
    id="tls.path",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The certificate path at {endpoint} does not lead to a trusted root: {why}",
        ja="{endpoint} の証明書の経路が信頼できるルート証明書に到達しません：{why}",
    ),
    remedy=Text(
        en="Install the certificate together with all intermediate certificates from your authority, and use an authority that "
        "browsers trust.",
        ja="証明書を、認証局から提供されたすべての中間証明書とともに設定してください。認証局は、ブラウザが信頼するものを使用して"
        "ください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-6",),
)
CHAIN_CERTIFICATE = Rule(
    id="tls.chain-certificate",
    item=Item.TLS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="A certificate of the chain at {endpoint} is out of date: {name} {validity}",
        ja="{endpoint} の証明書チェーンに有効期間外の証明書があります：{name} {validity}",
    ),
    remedy=Text(
        en="Install the current intermediate certificates of your authority, and have the server certificate issued again if its "
        "authority is out of date.",
        ja="認証局の現在の中間証明書を設定してください。発行した認証局の証明書が有効期間外の場合は、サーバ証明書を再発行して"
        "もらってください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-6.1.3",),
)

RULES: tuple[Rule, ...] = (
    PROTOCOL_FAILS,
    VERSIONS_DIFFER,
    CLIENT_AUTH_DIFFERS,
    CERTIFICATE_DATES,
    CERTIFICATE_NAMES,
    PATH,
    CHAIN_CERTIFICATE,
)
"""Every rule of the item that this version applies."""

REVOCATION = "tls.revocation"
"""Check of CRLs and OCSP. This version does not look at revocation at all: its coverage says so in every result, as not applicable
with the reason below, and nobody may read that as "not revoked"."""
REVOCATION_REASON = (
    "not part of this version: nothing was found out about revocation (CRL, OCSP), so nothing is said about it"
)

NOT_OFFERED = Text(en="declared, but the server refuses it", ja="申告されていますが、サーバが拒否しました")
NOT_DECLARED = Text(en="not declared, but the server accepts it", ja="申告されていませんが、サーバが受け付けました")
EXPIRED = Text(en="expired on {day}", ja="{day} に期限が切れています")
NOT_YET = Text(en="is valid only from {day} on", ja="{day} から有効です")
NO_CERTIFICATE = Text(en="the server sends no certificate", ja="サーバが証明書を送信しません")
SELF_SIGNED = Text(
    en="the server certificate is signed by itself, by no authority",
    ja="サーバ証明書が自己署名であり、認証局が発行していません",
)
UNTRUSTED_ROOT = Text(
    en="it ends at the root {name}, which is not a trusted one", ja="信頼されていないルート証明書 {name} に至ります"
)
MISSING = Text(
    en="the certificate of {name}, which issued {below}, was not sent and is not a trusted root",
    ja="{below} を発行した {name} の証明書が送信されず、信頼できるルート証明書でもありません",
)
BAD_SIGNATURE = Text(
    en="the signature on {below} is not by the certificate of {name} that was sent",
    ja="{below} の署名が、送信された {name} の証明書と一致しません",
)
NOT_ACCEPTABLE = Text(
    en="the path is complete, but breaks the rules for web certificates ({words})",
    ja="経路はそろっていますが、Web 用証明書の規則に反しています（{words}）",
)
CLIENT_AUTH = {
    "none": Text(en="none", ja="なし"),
    "optional": Text(en="optional", ja="任意"),
    "required": Text(en="required", ja="必須"),
}
