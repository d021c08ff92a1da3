"""The rules about TLS (inspection rules 4.3.5.1, seven clauses).

Every breach has one cause and so one finding: a certificate that is out of date is no path error, a leaf is no chain
certificate, and where no handshake works nothing is said about what a handshake would have shown.
"""

from __future__ import annotations

from plugins.text import Text
from probes.finding import Grade, Severity
from probes.rule import Rule
from probes.target import Item, Scope
from probes.tls.deep.rules import DEEP_RULES, WORKS

AS_DECLARED = "4.3.5.1 (1)"
"""The first of the seven clauses of 4.3.5.1, in the order in which the inspection rules list them; the second is `WORKS`."""
CERTIFICATE, WAY, CHAIN, CRLS, STATUS = (f"4.3.5.1 ({number})" for number in range(3, 8))
"""The other five."""
CLAUSES: dict[str, Text] = {
    AS_DECLARED: Text(
        en="versions and client authentication as declared", ja="実装された認証方式と申告された認証方式の一致"
    ),
    WORKS: Text(en="the protocol works", ja="SSL プロトコルの動作確認"),
    CERTIFICATE: Text(en="the certificate is valid", ja="証明書の正当性（有効期限を含む）"),
    WAY: Text(en="the path to the root is right", ja="ルート証明書までの経路の正当性"),
    CHAIN: Text(en="all certificates of the chain are valid", ja="チェーンに含まれるすべての証明書の正当性"),
    CRLS: Text(en="the CRLs are valid", ja="CRL の正当性"),
    STATUS: Text(en="no certificate of the chain is revoked", ja="チェーンに含まれるすべての証明書の有効性"),
}
"""What each clause asks for."""

VERSIONS_DIFFER = Rule(
    id="tls.versions-differ",
    item=Item.TLS,
    clause=AS_DECLARED,
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
    clause=AS_DECLARED,
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
    clause=WORKS,
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
    clause=CERTIFICATE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The server certificate at {endpoint} is out of date: {why}",
        ja="{endpoint} のサーバ証明書が有効期間外です：{why}",
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
    clause=CERTIFICATE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The names of the server certificate at {endpoint} do not fit: {why}",
        ja="{endpoint} のサーバ証明書の名前が一致しません：{why}",
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
    clause=WAY,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The certificate path at {endpoint} is not right: {why}",
        ja="{endpoint} の証明書の経路が正しくありません：{why}",
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
    clause=CHAIN,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="A certificate of the chain at {endpoint} is not valid: {why}",
        ja="{endpoint} の証明書チェーンに正しくない証明書があります：{why}",
    ),
    remedy=Text(
        en="Install the current intermediate certificates of your authority, and have the server certificate issued again if its "
        "authority is out of date.",
        ja="認証局の現在の中間証明書を設定してください。発行した認証局の証明書が有効期間外の場合は、サーバ証明書を再発行して"
        "もらってください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-6.1.3",),
)

CERTIFICATE_PROFILE = Rule(
    id="tls.certificate-profile",
    item=Item.TLS,
    clause=CERTIFICATE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The server certificate at {endpoint} is not as it has to be: {why}",
        ja="{endpoint} のサーバ証明書の内容が正しくありません：{why}",
    ),
    remedy=Text(
        en="Have the certificate issued again by an authority that follows the Baseline Requirements of the CA/Browser Forum, with "
        "a new key of at least 2048 bits (RSA) or P-256.",
        ja="CA/Browser Forum の Baseline Requirements に従う認証局から、新しい鍵（RSA 2048 ビット以上または P-256）で証明書を"
        "再発行してもらってください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-4",),
)
CHAIN_SENT = Rule(
    id="tls.chain-sent",
    item=Item.TLS,
    clause=WAY,
    grade=Grade.GUIDANCE,
    severity=Severity.LOW,
    title=Text(
        en="What the server at {endpoint} sends is not what it should send: {why}",
        ja="{endpoint} のサーバが送信する証明書に過不足があります：{why}",
    ),
    remedy=Text(
        en="Configure the server to send its certificate first, then every intermediate in the path's order, and nothing else.",
        ja="サーバ証明書、続いて経路の順にすべての中間証明書だけを送信するように設定してください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2",),
)
CRL = Rule(
    id="tls.crl",
    item=Item.TLS,
    clause=CRLS,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="A CRL for the chain at {endpoint} is not right: {why}",
        ja="{endpoint} の証明書チェーンの CRL が正しくありません：{why}",
    ),
    remedy=Text(
        en="Tell your authority: its CRL has to be reachable, current, signed by it and complete. If it stays wrong, "
        "change to another authority.",
        ja="認証局に連絡してください。CRL は、取得でき、最新で、認証局により署名され、完全である必要があります。改善されない"
        "場合は、認証局の変更を検討してください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-5",),
)
OCSP = Rule(
    id="tls.ocsp",
    item=Item.TLS,
    clause=STATUS,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="An OCSP response for the chain at {endpoint} is not right: {why}",
        ja="{endpoint} の証明書チェーンの OCSP 応答が正しくありません：{why}",
    ),
    remedy=Text(
        en="Tell your authority; if the response was stapled, mend the server's stapling first (way to the responder, clock).",
        ja="認証局に連絡してください。ステープリングされた応答の場合は、まずサーバの設定（レスポンダへの到達性、時刻）を確認して"
        "ください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc6960",),
)
REVOKED = Rule(
    id="tls.revocation",
    item=Item.TLS,
    clause=STATUS,
    grade=Grade.FAILING,
    severity=Severity.CRITICAL,
    title=Text(
        en="Revocation of the chain at {endpoint}: {why}",
        ja="{endpoint} の証明書チェーンの失効：{why}",
    ),
    remedy=Text(
        en="Replace a revoked certificate at once, with a new key, and find out why it was revoked. Where it cannot be "
        "told, have the certificate issued again with a CRL distribution point.",
        ja="失効した証明書は、直ちに新しい鍵で再発行し、失効の原因を調査してください。失効の有無を確認できない場合は、CRL 配布点の"
        "ある証明書を再発行してもらってください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5280#section-6.3",),
)
WEAK_SESSION = Rule(
    id="tls.weak-session",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.GUIDANCE,
    severity=Severity.MEDIUM,
    title=Text(
        en="TLS at {endpoint} allows weak sessions: {why}",
        ja="{endpoint} の TLS で弱い設定が許されています：{why}",
    ),
    remedy=Text(
        en="Allow only suites with forward secrecy and authenticated encryption, without compression; update the TLS library.",
        ja="前方秘匿性と認証付き暗号を備えた暗号スイートのみを許可し、圧縮を無効にし、TLS ライブラリを更新してください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc9325",),
)

RULES: tuple[Rule, ...] = (
    PROTOCOL_FAILS,
    WEAK_SESSION,
    VERSIONS_DIFFER,
    CLIENT_AUTH_DIFFERS,
    CERTIFICATE_DATES,
    CERTIFICATE_NAMES,
    CERTIFICATE_PROFILE,
    PATH,
    CHAIN_SENT,
    CHAIN_CERTIFICATE,
    CRL,
    OCSP,
    REVOKED,
)
"""Every rule of the item, without those of the deep scan."""


def ruling(scope: Scope) -> tuple[Rule, ...]:
    """Give the rules that an order asks about."""
    return (*RULES, *DEEP_RULES) if scope.deep else RULES


CERTIFICATE_RULES = (
    CERTIFICATE_DATES,
    CERTIFICATE_NAMES,
    CERTIFICATE_PROFILE,
    PATH,
    CHAIN_SENT,
    CHAIN_CERTIFICATE,
    CRL,
    OCSP,
    REVOKED,
)
"""Rules about the certificates that a server sends."""

NOT_OFFERED = Text(en="declared, but the server refuses it", ja="申告されていますが、サーバが拒否しました")
NOT_DECLARED = Text(en="not declared, but the server accepts it", ja="申告されていませんが、サーバが受け付けました")
NO_CERTIFICATE = Text(en="the server sends no certificate", ja="サーバが証明書を送信しません")
WEAK_SUITE = Text(en="it accepts the suite {suite}", ja="暗号スイート {suite} を受け付けます")
WEAK_GROUP = Text(
    en="its Diffie-Hellman group has {bits} bits; 2048 are needed",
    ja="Diffie-Hellman の群が {bits} ビットです（2048 以上が必要）",
)
NO_SECRECY = Text(en="no suite has forward secrecy", ja="前方秘匿性のある暗号スイートがありません")
NO_MASTER_SECRET = Text(en="it lacks the extended master secret", ja="拡張マスターシークレットに対応していません")
NO_RENEGOTIATION = Text(en="its renegotiation is not protected", ja="安全な再ネゴシエーションに対応していません")
COMPRESSION = Text(en="it agrees to compression", ja="TLS 圧縮を受け付けます")
DOWNGRADE = Text(
    en="it lets itself be talked down to an older version", ja="古いバージョンへのダウングレードを防いでいません"
)
NO_COMMON_WITHOUT_NAME = Text(
    en="clients that name no server get another chain",
    ja="サーバ名を送らないクライアントには別のチェーンが送信されます",
)
CLIENT_AUTH = {
    "none": Text(en="none", ja="なし"),
    "optional": Text(en="optional", ja="任意"),
    "required": Text(en="required", ja="必須"),
}
