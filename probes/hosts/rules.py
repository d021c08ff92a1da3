"""The rules of the preliminary inspection (inspection rules 6.2.2.3): servers, addresses and names as declared, none missing."""

from __future__ import annotations

from plugins.text import Text
from probes.finding import Grade, Severity
from probes.rule import Rule
from probes.target import Item

_CLAUSE = "6.2.2.3"

NO_ANSWER = Rule(
    id="hosts.no-answer",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="{server} does not answer at {address} on declared port(s) {ports}",
        ja="{server} は申告されたアドレス {address} のポート {ports} で応答しません",
    ),
    remedy=Text(
        en="Start the server or let the review body's address through, or correct address and ports in the declaration.",
        ja="サーバを起動するか、審査機関のアドレスからの接続を許可するか、申告のアドレスとポートを訂正してください。",
    ),
)
NAME_UNKNOWN = Rule(
    id="hosts.name-unknown",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="The declared host name {name} has no address in the DNS",
        ja="申告されたホスト名 {name} のアドレスが DNS に登録されていません",
    ),
    remedy=Text(
        en="Correct the host name in the declaration, or add its address to the DNS.",
        ja="申告のホスト名を訂正するか、DNS にアドレスを登録してください。",
    ),
)
NAME_ELSEWHERE = Rule(
    id="hosts.name-elsewhere",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="The declared host name {name} leads to another server ({addresses})",
        ja="申告されたホスト名 {name} は別のサーバ（{addresses}）を指しています",
    ),
    remedy=Text(
        en="Declare the host name with the server that it leads to, or correct the DNS.",
        ja="ホスト名を実際に指しているサーバの項目で申告するか、DNS を訂正してください。",
    ),
)
ADDRESS_UNDECLARED = Rule(
    id="hosts.address-undeclared",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="The host name {name} also leads to {addresses}, which nobody declared",
        ja="ホスト名 {name} は申告されていないアドレス {addresses} も指しています",
    ),
    remedy=Text(
        en="Declare every server behind the name, load balancers and their addresses included, or take the address out of the DNS.",
        ja="負荷分散装置も含め、この名前で応答するすべてのサーバとアドレスを申告するか、DNS からアドレスを削除してください。",
    ),
)
SERVER_UNDECLARED = Rule(
    id="hosts.server-undeclared",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="{what} {name} of the domain {domain} is not declared",
        ja="ドメイン {domain} の{what} {name} が申告されていません",
    ),
    remedy=Text(
        en="Declare {name} as a server of the system: every server that the Internet reaches and that supports the shop is "
        "inspected.",
        ja="{name} を対象システムのサーバとして申告してください。インターネットから到達でき、ショップを支えるサーバは"
        "すべて検査の対象です。",
    ),
)
SERVED_ELSEWHERE = Rule(
    id="hosts.served-elsewhere",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.ADVISORY,
    severity=Severity.NONE,
    title=Text(
        en="{what} {name} of the domain {domain} belongs to another domain and is not declared",
        ja="ドメイン {domain} の{what} {name} は別ドメインのサーバで、申告されていません",
    ),
    remedy=Text(
        en="Nothing, if a service provider runs {name}. If it is part of the system, declare it.",
        ja="{name} が外部事業者のサーバであれば対応は不要です。対象システムの一部であれば申告してください。",
    ),
)
REVERSE_NAME = Rule(
    id="hosts.reverse-name",
    item=Item.HOSTS,
    clause=_CLAUSE,
    grade=Grade.ADVISORY,
    severity=Severity.NONE,
    title=Text(
        en="The reverse DNS of {address} names {names}, none of which is declared",
        ja="{address} の逆引きは申告されていない名前（{names}）になっています",
    ),
    remedy=Text(
        en="Make sure that {address} is really yours, then declare that name or correct the reverse DNS.",
        ja="{address} が貴社のアドレスであることを確認のうえ、その名前を申告するか、逆引きの登録を訂正してください。",
    ),
)

RULES: tuple[Rule, ...] = (
    NO_ANSWER,
    NAME_UNKNOWN,
    NAME_ELSEWHERE,
    ADDRESS_UNDECLARED,
    SERVER_UNDECLARED,
    SERVED_ELSEWHERE,
    REVERSE_NAME,
)
"""Every rule of the item."""

MAIL_SERVER = Text(en="Mail server (MX)", ja="メールサーバ（MX）")
NAME_SERVER = Text(en="Name server (NS)", ja="ネームサーバ（NS）")
