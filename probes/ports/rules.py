"""The rules about ports (inspection rules 4.3.4.2 (1) and table 4-2).

Every breach has one cause and so one finding. Where two rules could speak about one port, the first of these does:
a service that does not belong there (`forbidden-service`) > another service than declared (`other-service`) > a restricted
service that nobody declared or restricted (`restricted-service`) > an open port that nobody declared (`undeclared-open`).
"""

from __future__ import annotations

from plugins.text import Text
from probes.finding import Grade, Severity
from probes.rule import Rule
from probes.target import Item

_CLAUSE = "4.3.4.2 (1)"
_TABLE = "4.3.4.2 (1), table 4-2"

UNDECLARED_OPEN = Rule(
    id="ports.undeclared-open",
    item=Item.PORTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="Port {port} is open, but was declared unused ({service})",
        ja="使用していないと申告されたポート {port} が開放されています（{service}）",
    ),
    remedy=Text(
        en="Stop the program behind port {port} or block the port. If the shop needs it, add it to the declaration with its "
        "service and purpose. Then apply for re-inspection.",
        ja="ポート {port} で動いているプログラムを停止するか、ポートを閉鎖してください。ショップに必要なポートであれば、サービスと"
        "使用目的を申告に加えてください。その後、再審査を申請してください。",
    ),
)
DECLARED_NOT_OPEN = Rule(
    id="ports.declared-not-open",
    item=Item.PORTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="Port {port} was declared open for {declared}, but is {state}",
        ja="開放していると申告されたポート {port}（{declared}）が{state}",
    ),
    remedy=Text(
        en="Start the service, or take the port out of the declaration. If only some addresses may connect, say so in the "
        "declaration (restricted_to).",
        ja="サービスを開始するか、申告からこのポートを削除してください。特定のアドレスだけに接続を許している場合は、申告に"
        "アクセス制限（restricted_to）を記入してください。",
    ),
)
OTHER_SERVICE = Rule(
    id="ports.other-service",
    item=Item.PORTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="Port {port} was declared for {declared}, but {service} answers there",
        ja="ポート {port} は {declared} と申告されていますが、{service} が応答しました",
    ),
    remedy=Text(
        en="Find out which program answers on port {port}. Put the declared service there, or correct the declaration.",
        ja="ポート {port} で応答しているプログラムを確認し、申告どおりのサービスに戻すか、申告を訂正してください。",
    ),
)
RESTRICTED_SERVICE = Rule(
    id="ports.restricted-service",
    item=Item.PORTS,
    clause=_TABLE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="{service} on port {port} does not keep the conditions for a restricted service: {why}",
        ja="ポート {port} の {service} は、使用の制限が望ましいサービスの条件を満たしていません：{why}",
    ),
    remedy=Text(
        en="Remove {service}, or let it be reached from the addresses of your maintenance staff only, and declare port, purpose "
        "(remote-maintenance or content-update) and addresses. SSH may answer everybody if passwords are switched off and "
        "the declaration names the reason (exception).",
        ja="{service} を停止するか、保守担当者のアドレスからだけ接続できるようにし、ポート・使用目的（リモートメンテナンスまたは"
        "コンテンツ更新）・アドレスを申告してください。SSH は、パスワード認証を無効にし、申告に理由（exception）を記入すれば、"
        "アドレスを制限しなくてもかまいません。",
    ),
)
FORBIDDEN_SERVICE = Rule(
    id="ports.forbidden-service",
    item=Item.PORTS,
    clause=_TABLE,
    grade=Grade.FAILING,
    severity=Severity.HIGH,
    title=Text(
        en="{service} on port {port} does not belong on a shop system",
        ja="ポート {port} の {service} は、バーチャルショップ対応システムでは使用すべきではないサービスです",
    ),
    remedy=Text(
        en="Stop {service} on this server. If it is needed, move it to a system in another domain than the shop's.",
        ja="このサーバの {service} を停止してください。必要な場合は、バーチャルショップ対応システムとは別のドメインのシステムに"
        "移してください。",
    ),
)
RESTRICTION_MISSING = Rule(
    id="ports.restriction-missing",
    item=Item.PORTS,
    clause=_CLAUSE,
    grade=Grade.FAILING,
    severity=Severity.MEDIUM,
    title=Text(
        en="Port {port} ({declared}) was declared to answer only some addresses, but it answered the review body",
        ja="ポート {port}（{declared}）は接続元を制限していると申告されていますが、審査機関からの接続に応答しました",
    ),
    remedy=Text(
        en="Correct the firewall so that only {addresses} can connect, or correct the declaration.",
        ja="{addresses} からだけ接続できるようにファイアウォールを修正するか、申告を訂正してください。",
    ),
)
SSH_OUTDATED = Rule(
    id="ports.ssh-outdated",
    item=Item.PORTS,
    clause=_TABLE,
    grade=Grade.ADVISORY,
    severity=Severity.LOW,
    title=Text(
        en="SSH on port {port} offers algorithms that are not safe any more: {algorithms}",
        ja="ポート {port} の SSH が、もはや安全でない暗号方式を受け付けています：{algorithms}",
    ),
    remedy=Text(
        en="Take {algorithms} out of the configuration of the SSH server, or update it.",
        ja="SSH サーバの設定から {algorithms} を外すか、SSH サーバを更新してください。",
    ),
    references=("https://www.rfc-editor.org/rfc/rfc9142", "https://www.rfc-editor.org/rfc/rfc8758"),
)

RULES: tuple[Rule, ...] = (
    UNDECLARED_OPEN,
    DECLARED_NOT_OPEN,
    OTHER_SERVICE,
    RESTRICTED_SERVICE,
    FORBIDDEN_SERVICE,
    RESTRICTION_MISSING,
    SSH_OUTDATED,
)
"""Every rule of the item."""

UNKNOWN_SERVICE = Text(en="an unknown service", ja="不明なサービス")
CLOSED = Text(en="closed", ja="閉鎖されています")
FILTERED = Text(en="filtered: it gives no answer", ja="応答しません（フィルタされています）")
UNDECLARED = Text(en="it is not declared", ja="申告されていません")
PURPOSE = Text(
    en="its declared purpose ({purpose}) is not an accepted one",
    ja="申告された使用目的（{purpose}）は妥当と認められていません",
)
ANSWERED = Text(
    en="it answered the review body, which is not one of the addresses that may connect",
    ja="接続を許可されていない審査機関のアドレスからの接続に応答しました",
)
NO_RESTRICTION = Text(en="no access restriction is declared", ja="アクセス制限が申告されていません")
PASSWORDS = Text(
    en="it lets everybody try passwords",
    ja="だれでもパスワード認証を試みることができます",
)
NO_AUTHENTICATION = Text(
    en="it lets everybody in without any authentication",
    ja="認証なしでだれでもログインできます",
)
ANONYMOUS = Text(en="it lets anonymous users in", ja="匿名（anonymous）ユーザの利用を認めています")
IN_CLEAR = Text(
    en="passwords travel unencrypted, because it does not offer TLS",
    ja="TLS に対応していないため、パスワードが暗号化されずに送られます",
)
NO_EXCEPTION = Text(
    en="the declaration names no reason (exception) why it answers everybody",
    ja="すべてのアドレスに応答する理由（exception）が申告されていません",
)
