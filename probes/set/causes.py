"""What exactly is wrong, in words for a shop owner, in both languages. `{word}` is filled in by the judge."""

from __future__ import annotations

from plugins.text import Text

# The exchange.
REDIRECTED = Text(en="it sends the request elsewhere (redirect)", ja="要求を別の場所へ転送します（リダイレクト）")
STATUS = Text(en="the server answers with status {status}", ja="サーバがステータス {status} を返します")
MEDIA_TYPE = Text(en="the answer is no {wanted}", ja="応答の種類が {wanted} ではありません")
NOT_HTTP = Text(en="what answers there is no HTTP server", ja="HTTP サーバとして応答しません")
TOO_LARGE = Text(en="the answer is larger than {bytes} bytes", ja="応答が {bytes} バイトを超えています")
UNREADABLE = Text(en="the answer cannot be read", ja="応答を解読できません")
ERROR = Text(en="the merchant answers with the error {name}", ja="ショップがエラー {name} を返します")
VERSION_REFUSED = Text(en="version 1.0 is refused ({name})", ja="バージョン 1.0 が拒否されました（{name}）")
VERSION_SEEN = Text(en="the answer is of version {seen}", ja="応答のバージョンは {seen} です")
VERSION_INITIATED = Text(
    en="the initiation message says version {seen}", ja="イニシエーションメッセージのバージョンは {seen} です"
)

# Ids, dates and challenges.
OTHER_REQUEST = Text(en="it is the answer to another request", ja="別の要求への応答です")
NOT_ECHOED = Text(en="{fields} came back changed or not at all", ja="{fields} が変更されたか、返されませんでした")
REPLAYED = Text(en="two requests got the same answer, byte for byte", ja="二つの要求に対して全く同じ応答が返されました")
XID_SIZE = Text(en="the transaction id (XID) has not 20 bytes", ja="取引番号 (XID) が 20 バイトではありません")
XID_HEADER = Text(
    en="header and message name different transactions (XID)", ja="ヘッダと本文の取引番号 (XID) が異なります"
)
XID_TWICE = Text(en="two requests got the same XID", ja="二つの要求に同じ XID が割り当てられました")
CHALLENGE_SIZE = Text(
    en="the merchant's challenge has not 20 bytes", ja="ショップのチャレンジが 20 バイトではありません"
)
CHALLENGE_TWICE = Text(
    en="two requests got the same challenge of the merchant", ja="二つの要求に同じショップのチャレンジが返されました"
)
HEADER_DATE = Text(
    en="the message is dated more than {minutes} minutes off", ja="メッセージの日時が {minutes} 分以上ずれています"
)
TRANSACTION_DATE = Text(
    en="the transaction is dated more than {minutes} minutes off", ja="取引の日時が {minutes} 分以上ずれています"
)

# The declaration.
URL_INITIATED = Text(
    en="the initiation message sends customers to another URL",
    ja="イニシエーションメッセージが別の URL を示しています",
)
JAPANESE = Text(
    en="plain SET is declared, and extensions of SET(JPO) were seen",
    ja="SET と申告されていますが、SET(JPO) の拡張がありました",
)
NO_MARK = Text(
    en="{kind} is declared, and nothing of it was seen", ja="{kind} と申告されていますが、その特徴がありませんでした"
)
MERCHANT_ID = Text(en="its merchant id is another one", ja="加盟店番号が異なります")
ACQUIRER = Text(en="its acquirer (BIN) is another one", ja="加盟店契約会社 (BIN) が異なります")
MERCHANT_NAME = Text(en="its name is another one", ja="名称が異なります")

# The initiation message.
INITIATION_TYPE = Text(en="the page is no {wanted}", ja="ページの種類が {wanted} ではありません")
INITIATION_STATUS = Text(en="the page answers with status {status}", ja="ページがステータス {status} を返します")
FIELD_MISSING = Text(en="the field {field} is missing", ja="項目 {field} がありません")
FIELD_WRONG = Text(en="the field {field} does not say {wanted}", ja="項目 {field} の値が {wanted} ではありません")
BRAND_NOT_OFFERED = Text(en="it does not offer the declared brand", ja="申告されたブランドが含まれていません")

# The signature.
SIGNERS = Text(en="it has {count} signers instead of one", ja="署名者が 1 名ではなく {count} 名です")
SIGNER_UNKNOWN = Text(en="the certificate that made it was not sent", ja="署名に使われた証明書が送信されませんでした")
CONTENT_TYPE = Text(en="it signs something else than a PInitRes", ja="PInitRes 以外のものに署名しています")
ATTRIBUTES = Text(
    en="its attributes are not exactly contentType and messageDigest",
    ja="署名属性が contentType と messageDigest の二つではありません",
)
DIGEST_ALGORITHM = Text(en="its digest is not SHA-1", ja="ダイジェストが SHA-1 ではありません")
DIGEST = Text(en="what was sent is not what was signed", ja="送信された内容が署名された内容と異なります")
NOT_BY_KEY = Text(
    en="it was not made with the key of the merchant's certificate", ja="ショップの証明書の鍵で作成されていません"
)

# Certificates.
EXPIRED = Text(en="{name} expired on {day}", ja="{name} は {day} に期限が切れています")
NOT_YET = Text(en="{name} is valid only from {day} on", ja="{name} は {day} から有効です")
ENDS = Text(en="it ends on {day}", ja="{day} に期限が切れます")
KEY_ENDED = Text(en="the key of {name} may no longer, or not yet, sign", ja="{name} の鍵は署名に使用できる期間外です")
NOT_V3 = Text(en="{name} is no X.509 version 3 certificate", ja="{name} は X.509 バージョン 3 ではありません")
EXTENSION_UNREADABLE = Text(
    en="an extension of {name} cannot be read, or stands twice", ja="{name} の拡張が解読できないか、重複しています"
)
EXTENSION_CRITICAL = Text(
    en="{name} has a critical extension that SET does not know", ja="{name} に SET で未定義の必須拡張があります"
)
KIND = Text(
    en="{name} is not the certificate of a {kind} (certificateType)",
    ja="{name} は {kind} の証明書ではありません（certificateType）",
)
NOT_AUTHORITY = Text(
    en="{name} may not issue certificates (basicConstraints)", ja="{name} は証明書を発行できません（basicConstraints）"
)
AUTHORITY = Text(
    en="{name} claims to be an authority (basicConstraints)", ja="{name} が認証局とされています（basicConstraints）"
)
PATH_LENGTH = Text(
    en="there are more authorities below {name} than it allows", ja="{name} の下の認証局が許された数を超えています"
)
USAGE = Text(en="the key of {name} is not for this use (keyUsage)", ja="{name} の鍵の用途が異なります（keyUsage）")
POLICY = Text(
    en="{name} names no policy (certificatePolicies)", ja="{name} にポリシーがありません（certificatePolicies）"
)
NOT_CRITICAL = Text(
    en="an extension of {name} that has to be critical is not", ja="{name} の必須であるべき拡張が必須になっていません"
)
ISSUER_KEY = Text(
    en="{name} does not name the certificate that issued it (authorityKeyIdentifier)",
    ja="{name} が発行元の証明書を正しく示していません（authorityKeyIdentifier）",
)
KEY_SIZE = Text(
    en="the key of {name} is no RSA key of at least {bits} bits",
    ja="{name} の鍵が {bits} ビット以上の RSA 鍵ではありません",
)
ALGORITHM = Text(
    en="{name} is not signed as SET 1.0 has it (RSA with SHA-1)",
    ja="{name} の署名方式が SET 1.0 のもの（SHA-1 を用いた RSA）ではありません",
)
NO_MERCHANT_DATA = Text(
    en="{name} does not say which merchant it is for (merchantData)",
    ja="{name} に加盟店の情報がありません（merchantData）",
)
NO_NEXT_ROOT = Text(
    en="{name} does not announce the next root (hashedRootKey)",
    ja="{name} に次のルートの予告がありません（hashedRootKey）",
)
SELF_SIGNATURE = Text(en="{name} is not signed by itself", ja="{name} の自己署名が正しくありません")

# The path.
MISSING = Text(
    en="the certificate of {name}, which issued {below}, was not sent and is no declared root",
    ja="{below} を発行した {name} の証明書が送信されず、申告されたルート証明書でもありません",
)
BAD_SIGNATURE = Text(
    en="the signature on {below} is not by the certificate of {name}",
    ja="{below} の署名が {name} の証明書と一致しません",
)
ENDLESS = Text(en="it leads nowhere within {count} steps", ja="{count} 段以内にルート証明書へ到達しません")
LEVELS = Text(
    en="it has {count} levels; SET has four, or five with a geopolitical authority",
    ja="{count} 階層です。SET では 4 階層、地域認証局を含む場合は 5 階層です",
)
OTHER_BRAND = Text(en="it leads to the brand {name}", ja="別のブランド {name} に至ります")
UNKNOWN_ROOT = Text(
    en="{name} is neither a declared root nor the successor that one announces",
    ja="{name} は、申告されたルート証明書でも、その予告された後継でもありません",
)

# The gateway.
NO_GATEWAY = Text(en="no certificate with its thumb was sent", ja="示された指紋をもつ証明書が送信されませんでした")
GATEWAY_PATH = Text(en="it has no path to the root: {why}", ja="ルート証明書までの経路がありません：{why}")
GATEWAY_BRAND = Text(en="it is of another brand", ja="別のブランドのものです")

# CRLs.
NO_CRL = Text(en="the list of {name} was not sent", ja="{name} の失効リストが送信されませんでした")
CRL_SIGNATURE = Text(en="the list of {name} is not signed by it", ja="{name} の失効リストの署名が正しくありません")
CRL_STALE = Text(
    en="the list of {name} was to be replaced on {day}", ja="{name} の失効リストは {day} に更新されるはずでした"
)
CRL_FUTURE = Text(en="the list of {name} is dated {day}", ja="{name} の失効リストの日付が {day} です")
CRL_NO_END = Text(
    en="the list of {name} does not say until when it holds", ja="{name} の失効リストに次回更新日がありません"
)
CRL_NO_NUMBER = Text(en="the list of {name} has no number", ja="{name} の失効リストに番号がありません")
CRL_OLD = Text(
    en="the list of {name} is older than the brand asks for", ja="{name} の失効リストがブランドの求めるものより古いです"
)
CRL_CRITICAL = Text(
    en="the list of {name} has a critical extension that SET does not know",
    ja="{name} の失効リストに SET で未定義の必須拡張があります",
)
ON_CRL = Text(en="{name} is on the list of {issuer}", ja="{name} が {issuer} の失効リストにあります")
NO_BRAND_CRLS = Text(en="it was not sent", ja="送信されませんでした")
BRAND_SIGNATURE = Text(en="it is not signed by the brand", ja="ブランドの署名が正しくありません")
BRAND_OTHER = Text(en="it is for another brand", ja="別のブランドのものです")
BRAND_STALE = Text(en="it was valid until {day}", ja="有効期限は {day} でした")
BRAND_FUTURE = Text(en="it is valid only from {day} on", ja="{day} から有効です")
BRAND_FELL = Text(en="its number fell from one answer to the next", ja="番号が前の応答より小さくなりました")
BRAND_CRITICAL = Text(en="it has a critical extension that SET does not know", ja="SET で未定義の必須拡張があります")
KINDS = {
    "cardholder": Text(en="cardholder", ja="カード会員"),
    "merchant": Text(en="merchant", ja="ショップ（加盟店）"),
    "payment gateway": Text(en="payment gateway", ja="ペイメントゲートウェイ"),
    "cardholder CA": Text(en="cardholder CA", ja="カード会員認証局"),
    "merchant CA": Text(en="merchant CA", ja="加盟店認証局"),
    "payment CA": Text(en="payment CA", ja="ペイメントゲートウェイ認証局"),
    "geopolitical CA": Text(en="geopolitical CA", ja="地域認証局"),
    "brand CA": Text(en="brand CA", ja="ブランド認証局"),
    "root CA": Text(en="root CA", ja="ルート認証局"),
    "acquirer": Text(en="acquirer", ja="加盟店契約会社"),
}
