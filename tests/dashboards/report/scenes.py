"""Results to render and compare: a system that passes, one that fails, one that could not be fully inspected, a hostile one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from grid.window import Window
from plugins.text import Text
from probes.finding import Certainty, Finding, Grade, Severity
from probes.observation import Ending
from probes.pace import Pace
from probes.tally import Tally
from probes.target import Item, Role, Target
from probes.verdict import RULES_VERSION, Coverage, Judgement, Outcome, combine, decide
from scheduler.result import ItemResult, Kind, Result, ServerResult
from scheduler.system import Contact

START = datetime(2026, 11, 21, 17, 0, 3, tzinfo=UTC)
ITEMS = (Item.PORTS, Item.HOLES, Item.TLS)


def finding(rule: str, item: Item = Item.PORTS, **changes: object) -> Finding:
    """A finding like those that judges write."""
    fields: dict[str, object] = {
        "server": "web",
        "item": item,
        "rule": rule,
        "clause": "4.3.4.2 (1)",
        "subject": "127.0.42.1:20110/tcp",
        "grade": Grade.FAILING,
        "severity": Severity.HIGH,
        "certainty": Certainty.VERIFIED,
        "title": Text(
            en="Port 20110 is open but was declared unused",
            ja="使用していないと申告されたポート 20110 が開放されています",
        ),
        "declared": "unused",
        "seen": "open, pop3: +OK ready",
        "remedy": Text(
            en="Close the port, or declare it with its service and purpose.",
            ja="ポートを閉じるか、サービスと使用目的を申告してください。",
        ),
        "evidence": ("9f" * 32,),
        **changes,
    }
    return Finding(**fields)  # type: ignore[arg-type]  # the scene names the fields


def checks(
    server: str, item: Item, outcome: Outcome, number: int, reason: str = "", subject: str = ""
) -> list[Coverage]:
    """Entries of coverage, one per check."""
    return [
        Coverage(
            server=server,
            item=item,
            check=f"{item}.{outcome}-{index}",
            subject=subject or "127.0.42.1",
            outcome=outcome,
            reason=reason,
        )
        for index in range(number)
    ]


def server(
    name: str,
    findings: Sequence[Finding],
    coverage: Sequence[Coverage],
    ending: Ending = Ending.FINISHED,
    after_s: float = 0,
) -> ServerResult:
    """What came of one order."""
    started = START + timedelta(seconds=after_s)
    return ServerResult(
        target=Target(name=name, role=Role.WEB, addresses=("127.0.42.1",), host_names=(f"{name}.shop.example",)),
        order_id="7f3a" * 8,
        worker_pid=4242,
        node="a1" * 28,
        started=started,
        ended=started + timedelta(seconds=31.5),
        items=tuple(ItemResult(item=item, ending=ending if item is Item.HOLES else Ending.FINISHED) for item in ITEMS),
        tally=Tally(
            connections=1187, requests=212, bytes_sent=48_213, bytes_received=1_904_882, peak_connections_per_s=48
        ),
        pace=Pace(connections_per_s=50, requests_per_s=25, concurrent_connections=10, bytes_per_s=500_000),
        verdict=decide([Judgement(findings=tuple(findings), coverage=tuple(coverage))]),
    )


def result(*servers: ServerResult, **changes: object) -> Result:
    """What came of one inspection."""
    fields: dict[str, object] = {
        "inspection_id": "2026-11-22-spot-01",
        "kind": Kind.SPOT,
        "system": "mall.example",
        "title": "青葉オンラインモール",
        "operator": Contact(
            organisation="青葉商店株式会社", name="運用担当", email="ops@mall.example", phone="+81-3-0000-0000"
        ),
        "window": Window(start=START - timedelta(seconds=3), end=START + timedelta(minutes=10)),
        "pace": Pace(connections_per_s=100, requests_per_s=50, concurrent_connections=20, bytes_per_s=1_000_000),
        "items": ITEMS,
        "rules_version": RULES_VERSION,
        "pack_digest": "3c" * 32,
        "started": min(one.started for one in servers),
        "ended": max(one.ended for one in servers),
        "servers": servers,
        "verdict": combine([one.verdict for one in servers]),
        **changes,
    }
    return Result(**fields)  # type: ignore[arg-type]  # the scene names the fields


def _clean(name: str) -> list[Coverage]:
    return [
        *checks(name, Item.PORTS, Outcome.CLEAN, 6),
        *checks(name, Item.HOLES, Outcome.CLEAN, 30, subject="https://shop.example"),
        *checks(name, Item.HOLES, Outcome.NOT_APPLICABLE, 4, reason="no product of this signature was seen"),
        *checks(name, Item.TLS, Outcome.CLEAN, 7, subject="127.0.42.1:20443"),
    ]


def passing() -> Result:
    """A system that passes."""
    return result(server("web", (), _clean("web")), server("admin", (), _clean("admin"), after_s=2))


def failing() -> Result:
    """A system that fails: open port, forbidden service, hole, broken chain; some checks were cut off too."""
    hole = finding(
        "git-config-exposed",
        Item.HOLES,
        clause="4.3.4.2 (2)",
        subject="https://web.shop.example:20443/.git/config",
        severity=Severity.CRITICAL,
        title=Text(en="The source archive can be read by anybody", ja="ソースコードの管理情報が誰にでも読み取れます"),
        seen="200, [core] repositoryformatversion = 0",
        remedy=Text(
            en="Remove the folder .git from what is served.", ja="公開フォルダから .git を取り除いてください。"
        ),
        references=("https://cwe.mitre.org/data/definitions/527.html", "CWE-527"),
    )
    chain = finding(
        "tls.path-broken",
        Item.TLS,
        clause="4.3.5.1",
        subject="127.0.42.1:20443",
        title=Text(en="The certificate chain does not reach a root", ja="証明書の経路がルート証明書まで到達しません"),
        declared="",
        seen="leaf CN=web.shop.example, issuer not sent",
        remedy=Text(en="Send the intermediate certificate too.", ja="中間証明書も送信するように設定してください。"),
    )
    old = finding(
        "nginx-old",
        Item.HOLES,
        clause="4.3.4.2 (2)",
        grade=Grade.GUIDANCE,
        severity=Severity.MEDIUM,
        certainty=Certainty.SUSPECTED,
        title=Text(en="The web server may be out of date", ja="Webサーバの版が古い可能性があります"),
        remedy=Text(
            en="Update it, or show that the hole is fixed.", ja="更新するか、修正済みであることを示してください。"
        ),
    )
    banner = finding(
        "banner",
        grade=Grade.ADVISORY,
        severity=Severity.NONE,
        title=Text(en="The server tells its version", ja="サーバが版番号を名乗っています"),
    )
    coverage = [
        *checks("web", Item.PORTS, Outcome.CLEAN, 5),
        *checks("web", Item.PORTS, Outcome.FOUND, 2),
        *checks("web", Item.HOLES, Outcome.CLEAN, 28),
        *checks("web", Item.HOLES, Outcome.FOUND, 2),
        *checks("web", Item.HOLES, Outcome.NOT_TESTED, 3, reason="no answer in 10 s"),
        *checks("web", Item.TLS, Outcome.CLEAN, 5),
        *checks("web", Item.TLS, Outcome.FOUND, 1),
    ]
    return result(
        server("web", (finding("ports.undeclared-open"), hole, chain, old, banner), coverage),
        server("admin", (), _clean("admin"), after_s=1),
    )


def inconclusive() -> Result:
    """A system with a server that hangs."""
    coverage = [
        *checks("web", Item.PORTS, Outcome.CLEAN, 6),
        *checks("web", Item.HOLES, Outcome.CLEAN, 3),
        *checks("web", Item.HOLES, Outcome.NOT_TESTED, 31, reason="no answer in 10 s"),
        *checks("web", Item.TLS, Outcome.NOT_TESTED, 7, reason="the window was over"),
    ]
    return result(server("web", (), coverage, Ending.WINDOW_OVER), server("admin", (), _clean("admin")))


HOSTILE = "</style><script>alert(1)</script>\x1b[31m\u202egnp.exe\u2066 \x00\ufffe\"'&amp; javascript:alert(1) "


def hostile() -> Result:
    """A server whose every word tries to break out of the page."""
    nasty = finding(
        f"rule{HOSTILE}",
        subject=HOSTILE,
        seen=HOSTILE * 400,
        declared=HOSTILE,
        title=Text(en=HOSTILE, ja=HOSTILE),
        remedy=Text(en=HOSTILE, ja=HOSTILE),
        clause=HOSTILE,
        references=(HOSTILE, "javascript:alert(1)", f"https://x.example/{HOSTILE}", "http://ok.example/a?b=1&c='2'"),
        evidence=(HOSTILE,),
    )
    coverage = [
        *checks(HOSTILE, Item.PORTS, Outcome.NOT_TESTED, 3, reason=HOSTILE, subject=HOSTILE),
        *checks(HOSTILE, Item.HOLES, Outcome.CLEAN, 3, subject=HOSTILE),
    ]
    contact = Contact(organisation=HOSTILE, name=HOSTILE, email=HOSTILE, phone=HOSTILE)
    return result(
        server("web", (nasty,), coverage),
        title=HOSTILE,
        system=HOSTILE,
        operator=contact,
        inspection_id=HOSTILE,
        pack_digest=HOSTILE,
    )
