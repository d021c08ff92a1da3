"""The rules about SET and SECE (inspection rules 4.3.5.2, its bullets counted from the top).

Every breach has one cause and so one finding: a certificate that is out of date is no path error, and where no answer can be read
nothing is said about what an answer would have shown.
"""

from __future__ import annotations

from plugins.text import Text
from probes.finding import Grade, Severity
from probes.rule import Rule
from probes.target import Item

_RENEW = Text(
    en="Ask your acquirer or brand for a new certificate and install it together with the certificates above it.",
    ja="加盟店契約会社またはブランドから新しい証明書の発行を受け、上位の証明書とともに設定してください。",
)
_SOFTWARE = Text(
    en="Have the supplier of the SET software mend this; then apply for re-inspection.",
    ja="SET ソフトウェアの提供元に修正を依頼し、その後、再審査を申請してください。",
)
_DECLARE = Text(
    en="Correct the declaration, or set the shop's SET software up as declared.",
    ja="申告を訂正するか、ショップの SET ソフトウェアを申告どおりに設定してください。",
)


def _rule(
    name: str,
    bullet: int,
    title: Text,
    remedy: Text,
    severity: Severity = Severity.HIGH,
    grade: Grade = Grade.FAILING,
) -> Rule:
    return Rule(
        id=f"set.{name}",
        item=Item.SET,
        clause=f"4.3.5.2, bullet {bullet}",
        grade=grade,
        severity=severity,
        title=title,
        remedy=remedy,
    )


PROTOCOL = _rule(
    "protocol",
    1,
    Text(en="SET does not work at {endpoint}: {why}", ja="{endpoint} で SET が機能していません：{why}"),
    Text(
        en="Check that the SET software runs at this URL and answers PInitReq; then apply for re-inspection.",
        ja="この URL で SET ソフトウェアが動作し、PInitReq に応答することを確認し、その後、再審査を申請してください。",
    ),
)
ECHO = _rule(
    "echo",
    1,
    Text(
        en="The answer of {endpoint} does not belong to the request: {why}",
        ja="{endpoint} の応答が要求と対応していません：{why}",
    ),
    _SOFTWARE,
)
TRANSACTION = _rule(
    "transaction",
    1,
    Text(
        en="What {endpoint} has to make anew for every request is not right: {why}",
        ja="{endpoint} が要求ごとに新しく作る値が正しくありません：{why}",
    ),
    _SOFTWARE,
)
GATEWAY = _rule(
    "gateway",
    1,
    Text(
        en="The payment gateway's certificate that {endpoint} names cannot be used: {why}",
        ja="{endpoint} が示すペイメントゲートウェイの証明書が使用できません：{why}",
    ),
    Text(
        en="Ask your acquirer for the current certificate of its payment gateway and install it.",
        ja="加盟店契約会社からペイメントゲートウェイの現在の証明書を入手し、設定してください。",
    ),
)
EXTENSION = _rule(
    "extension",
    1,
    Text(
        en="The answer of {endpoint} has to be refused by whoever does not know an extension: {why}",
        ja="{endpoint} の応答に未知の必須拡張があり、受け取る側は処理を中止しなければなりません：{why}",
    ),
    _DECLARE,
    Severity.MEDIUM,
)
EXTENSION_UNKNOWN = _rule(
    "extension-unknown",
    1,
    Text(
        en="The answer of {endpoint} carries an extension that is not known here and may be passed over: {why}",
        ja="{endpoint} の応答に、無視してよい未知の拡張があります：{why}",
    ),
    _DECLARE,
    Severity.NONE,
    Grade.ADVISORY,
)
INITIATION = _rule(
    "initiation",
    1,
    Text(
        en="The initiation message for {endpoint} is not as it should be: {why}",
        ja="{endpoint} のイニシエーションメッセージが正しくありません：{why}",
    ),
    _SOFTWARE,
)
URL_DIFFERS = _rule(
    "url-differs",
    1,
    Text(
        en="The SET URL of {endpoint} is not as declared: {why}",
        ja="{endpoint} の SET-SET-URL が申告と一致しません：{why}",
    ),
    _DECLARE,
    Severity.MEDIUM,
)
VERSION_DIFFERS = _rule(
    "version-differs",
    1,
    Text(
        en="The SET version of {endpoint} is not as declared: {why}",
        ja="{endpoint} の SET のバージョンが申告と一致しません：{why}",
    ),
    _DECLARE,
    Severity.MEDIUM,
)
KIND_DIFFERS = _rule(
    "kind-differs",
    1,
    Text(
        en="The kind of SET at {endpoint} is not as declared: {why}",
        ja="{endpoint} の SET の種別が申告と一致しません：{why}",
    ),
    _DECLARE,
    Severity.MEDIUM,
)
MERCHANT_DIFFERS = _rule(
    "merchant-differs",
    3,
    Text(
        en="The merchant's certificate at {endpoint} is for another merchant than declared: {why}",
        ja="{endpoint} のショップの証明書が申告と一致しません：{why}",
    ),
    _DECLARE,
)
SIGNATURE = _rule(
    "signature",
    2,
    Text(
        en="The merchant's signature at {endpoint} does not hold: {why}",
        ja="{endpoint} でショップが作成した署名が正しくありません：{why}",
    ),
    Text(
        en="Check that certificate and key of the SET software belong together, and that nothing changes its answers on the way.",
        ja="SET ソフトウェアの証明書と鍵が対応していること、応答が途中で書き換えられていないことを確認してください。",
    ),
    Severity.CRITICAL,
)
MERCHANT_CERTIFICATE = _rule(
    "merchant-certificate",
    3,
    Text(
        en="The merchant's certificate at {endpoint} is not valid: {why}",
        ja="{endpoint} のショップの証明書が正当ではありません：{why}",
    ),
    _RENEW,
)
ENDS_SOON = _rule(
    "ends-soon",
    3,
    Text(
        en="The merchant's certificate at {endpoint} ends soon: {why}",
        ja="{endpoint} のショップの証明書の有効期限が近づいています：{why}",
    ),
    _RENEW,
    Severity.LOW,
    Grade.GUIDANCE,
)
PATH = _rule(
    "path",
    4,
    Text(
        en="The path from the merchant's certificate to the root is not right at {endpoint}: {why}",
        ja="{endpoint} のショップの証明書からルート証明書までの経路が正当ではありません：{why}",
    ),
    Text(
        en="Install every certificate between the merchant's and the brand's as your acquirer gave them.",
        ja="加盟店契約会社から提供された中間の証明書をすべて設定してください。",
    ),
)
CHAIN_CERTIFICATE = _rule(
    "chain-certificate",
    5,
    Text(
        en="A certificate above the merchant's is not valid at {endpoint}: {why}",
        ja="{endpoint} の証明書チェーンに正当でない証明書があります：{why}",
    ),
    _RENEW,
)
CRL = _rule(
    "crl",
    5,
    Text(
        en="A revocation list that is needed at {endpoint} is not right: {why}",
        ja="{endpoint} で必要な失効リスト (CRL) が正しくありません：{why}",
    ),
    Text(
        en="Let the SET software fetch the current revocation lists of its brand, and send them with its answers.",
        ja="SET ソフトウェアがブランドの最新の失効リストを取得し、応答に含めるよう設定してください。",
    ),
)
BRAND_CRLS = _rule(
    "brand-crls",
    5,
    Text(
        en="The brand's list of revocation lists (BrandCRLIdentifier) is not right at {endpoint}: {why}",
        ja="{endpoint} のブランドの失効リスト一覧 (BrandCRLIdentifier) が正しくありません：{why}",
    ),
    Text(
        en="Let the SET software fetch the brand's current BrandCRLIdentifier.",
        ja="SET ソフトウェアがブランドの最新の BrandCRLIdentifier を取得するよう設定してください。",
    ),
)
REVOKED = _rule(
    "revoked",
    5,
    Text(
        en="A certificate that {endpoint} relies on is revoked: {why}",
        ja="{endpoint} が依拠する証明書が失効しています：{why}",
    ),
    _RENEW,
    Severity.CRITICAL,
)
ROOT = _rule(
    "root",
    6,
    Text(
        en="The root certificate at {endpoint} is not right: {why}",
        ja="{endpoint} のルート証明書が正当ではありません：{why}",
    ),
    Text(
        en="Use certificates below the brand's root, and declare that root.",
        ja="ブランドのルート証明書の下で発行された証明書を使用し、そのルート証明書を申告してください。",
    ),
)

RULES: tuple[Rule, ...] = (
    PROTOCOL,
    ECHO,
    TRANSACTION,
    GATEWAY,
    EXTENSION,
    EXTENSION_UNKNOWN,
    INITIATION,
    URL_DIFFERS,
    VERSION_DIFFERS,
    KIND_DIFFERS,
    SIGNATURE,
    MERCHANT_CERTIFICATE,
    MERCHANT_DIFFERS,
    ENDS_SOON,
    PATH,
    CHAIN_CERTIFICATE,
    CRL,
    BRAND_CRLS,
    REVOKED,
    ROOT,
)
"""Every rule of the item, in the order of the report."""
