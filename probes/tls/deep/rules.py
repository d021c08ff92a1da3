"""The rules of the deep scan. They belong to clause 4.3.5.1 (2): the protocol works as it should.

What gives away keys or sessions to anybody on the Internet fails, like a hole. What needs a weak client, somebody on the way, or
more time than anybody has is guidance, because the inspection rules name versions, not suites.
"""

from __future__ import annotations

from plugins.text import Text
from probes.finding import Grade, Severity
from probes.rule import Rule
from probes.target import Item

WORKS = "4.3.5.1 (2)"
"""SSLプロトコルの動作確認."""
_UPDATE = Text(
    en="Update the server's TLS library (or the device in front of it) to a version that its vendor still maintains",
    ja="サーバ（またはその前段の装置）の TLS ライブラリを、サポートされているバージョンに更新してください",
)

HEARTBLEED = Rule(
    id="tls.heartbleed",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.FAILING,
    severity=Severity.CRITICAL,
    title=Text(
        en="{endpoint} answers heartbeats that it must discard (Heartbleed): anybody can read its memory, keys included",
        ja="{endpoint} は破棄すべきハートビートに応答します（Heartbleed）：秘密鍵を含むメモリの内容を誰でも読み取れます",
    ),
    remedy=Text(
        en=f"{_UPDATE.en}. Then have the certificate issued again with a new key, have the old one revoked, and change "
        "passwords and session keys that went through this server.",
        ja=f"{_UPDATE.ja}。その後、新しい鍵で証明書を再発行し、古い証明書を失効させ、このサーバを通ったパスワードとセッション鍵を"
        "変更してください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc6520#section-4", "https://nvd.nist.gov/vuln/detail/CVE-2014-0160"),
)
CCS_INJECTION = Rule(
    id="tls.ccs-injection",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="{endpoint} takes a ChangeCipherSpec before its time (CCS injection): sessions can be read and changed on the way",
        ja="{endpoint} は早すぎる ChangeCipherSpec を受け付けます（CCS Injection）：通信の盗聴と改ざんが可能です",
    ),
    remedy=Text(en=f"{_UPDATE.en}.", ja=f"{_UPDATE.ja}。"),
    references=("https://nvd.nist.gov/vuln/detail/CVE-2014-0224",),
)
ROBOT = Rule(
    id="tls.robot",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The answers of {endpoint} tell right from wrong RSA padding (ROBOT): {why}",
        ja="{endpoint} の応答から RSA パディングの正否が分かります（ROBOT）：{why}",
    ),
    remedy=Text(
        en=f"{_UPDATE.en}; until then switch off all suites with RSA key exchange (TLS_RSA_WITH_...).",
        ja=f"{_UPDATE.ja}。それまでは、RSA 鍵交換の暗号スイート（TLS_RSA_WITH_…）をすべて無効にしてください。",
    ),
    references=("https://robotattack.org/", "https://www.rfc-editor.org/rfc/rfc5246#section-7.4.7.1"),
)
RENEGOTIATION = Rule(
    id="tls.renegotiation",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.GUIDANCE,
    severity=Severity.MEDIUM,
    title=Text(
        en="Renegotiation at {endpoint} is not as it should be: {why}",
        ja="{endpoint} の再ネゴシエーションに問題があります：{why}",
    ),
    remedy=Text(
        en="Use a TLS library that speaks RFC 5746, and switch renegotiation by clients off.",
        ja="RFC 5746 に対応した TLS ライブラリを使用し、クライアントからの再ネゴシエーションを無効にしてください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc5746", "https://nvd.nist.gov/vuln/detail/CVE-2009-3555"),
)
COMPRESSION = Rule(
    id="tls.compression",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.GUIDANCE,
    severity=Severity.MEDIUM,
    title=Text(
        en="{endpoint} agrees to TLS compression: its length gives away session cookies (CRIME)",
        ja="{endpoint} は TLS 圧縮を受け付けます：圧縮後の長さからセッション Cookie が推測されます（CRIME）",
    ),
    remedy=Text(
        en="Switch TLS compression off in the server's settings, or update its TLS library.",
        ja="サーバの設定で TLS 圧縮を無効にするか、TLS ライブラリを更新してください。",
    ),
    references=(
        "https://www.rfc-editor.org/rfc/rfc9325#section-3.3",
        "https://nvd.nist.gov/vuln/detail/CVE-2012-4929",
    ),
)
WEAK_SUITES = Rule(
    id="tls.weak-suites",
    item=Item.TLS,
    clause=WORKS,
    grade=Grade.GUIDANCE,
    severity=Severity.MEDIUM,
    title=Text(
        en="{endpoint} accepts weak cipher suites: {why}",
        ja="{endpoint} は弱い暗号スイートを受け付けます：{why}",
    ),
    remedy=Text(
        en="Allow only suites with forward secrecy and authenticated encryption, such as ECDHE with AES-GCM or ChaCha20-Poly1305.",
        ja="ECDHE と AES-GCM または ChaCha20-Poly1305 のように、前方秘匿性と認証付き暗号を備えた暗号スイートのみを許可して"
        "ください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc9325#section-4.1",),
)

DEEP_RULES: tuple[Rule, ...] = (HEARTBLEED, CCS_INJECTION, ROBOT, RENEGOTIATION, COMPRESSION, WEAK_SUITES)
"""Every rule of the deep scan."""

STRONG_ORACLE = Text(
    en="recorded sessions can be read, and signatures be made with its key",
    ja="記録された通信の解読や、サーバの鍵による署名の偽造が可能です",
)
WEAK_ORACLE = Text(en="weakly, an attack would take very long", ja="ただし弱く、攻撃には非常に長い時間がかかります")
NOT_PROTECTED = Text(
    en="it is not protected (RFC 5746), so requests can be put before those of a customer",
    ja="RFC 5746 に対応していないため、利用者のリクエストの前に別のリクエストを挿入されるおそれがあります",
)
BY_CLIENTS = Text(
    en="clients may begin it, which costs the server much and them little",
    ja="クライアントから開始でき、サーバに大きな負荷をかけることができます",
)
IN_VERSIONS = Text(en="{kind} in {versions}", ja="{kind}（{versions}）")
KINDS: dict[str, Text] = {
    "NULL": Text(en="without encryption (NULL)", ja="暗号化なし（NULL）"),
    "ANON": Text(en="without authentication (anonymous)", ja="サーバ認証なし（anonymous）"),
    "EXPORT": Text(en="export grade", ja="輸出グレード（EXPORT）"),
    "RC4": Text(en="RC4", ja="RC4"),
    "RC2": Text(en="RC2", ja="RC2"),
    "DES": Text(en="DES", ja="DES"),
    "3DES": Text(en="3DES", ja="3DES"),
    "IDEA": Text(en="IDEA", ja="IDEA"),
}
"""Kinds of weak suites, the worst first."""
