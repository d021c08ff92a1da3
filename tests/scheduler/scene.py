"""A small shop system, its operator, and plans for it: the scene of the negotiation and store tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from grid.window import Window
from plugins.text import Text
from probes.finding import Certainty, Finding, Grade, Severity
from probes.observation import Ending
from probes.pace import Pace
from probes.tally import Tally
from probes.target import DeclaredPort, Item, PortRange, Purpose, Role, Target, Transport
from probes.verdict import RULES_VERSION, Coverage, Judgement, Outcome, decide
from scheduler.plan import InspectionPlan
from scheduler.result import ItemResult, Kind, Result, ServerResult
from scheduler.system import Calendar, Contact, System, WeeklyWindow

DAY = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
OPERATOR = Contact(organisation="Hana Shop", name="Sato", email="sato@shop.example", phone="+81-3-0000-0000")
BODY = Contact(organisation="Review body", name="Desk", email="desk@body.example")


def hours(start: float, end: float) -> Window:
    """Give a window on the scene's day."""
    return Window(start=DAY + timedelta(hours=start), end=DAY + timedelta(hours=end))


def make_target(name: str = "web", address: str = "127.0.0.1", port: int = 80) -> Target:
    http = DeclaredPort(
        ports=PortRange(first=port, last=port), transport=Transport.TCP, service="http", purpose=Purpose.SHOP
    )
    return Target(name=name, role=Role.WEB, addresses=(address,), ports=(http,))


def make_system(name: str = "hana", targets: tuple[Target, ...] = (make_target(),)) -> System:
    """Give a system that may be inspected from 00:00 to 06:00 UTC on every day."""
    nights = WeeklyWindow(days=(0, 1, 2, 3, 4, 5, 6), start="00:00", end="06:00")
    return System(
        name=name,
        title="Hana Shop <b>& sons</b>",
        operator=OPERATOR,
        targets=targets,
        pace=Pace(connections_per_s=20.0, requests_per_s=10.0, concurrent_connections=10, bytes_per_s=1_000_000),
        calendar=Calendar(time_zone="UTC", windows=(nights,)),
    )


def make_plan(
    plan_id: str = "p1",
    *,
    window: Window | None = None,
    kind: Kind = Kind.SCHEDULED,
    system: str = "hana",
    items: tuple[Item, ...] = (Item.PORTS, Item.HOLES),
    pace: Pace | None = None,
) -> InspectionPlan:
    return InspectionPlan(
        plan_id=plan_id,
        system=system,
        kind=kind,
        window=window or hours(1, 2),
        items=items,
        pace=pace or Pace(connections_per_s=5.0, requests_per_s=5.0, concurrent_connections=5, bytes_per_s=100_000),
        trouble="Stop and call Sato.",
        contacts=(OPERATOR, BODY),
    )


def make_finding() -> Finding:
    return Finding(
        server="web",
        item=Item.PORTS,
        rule="ports.undeclared-open",
        clause="4.3.4.2 (1)",
        subject="127.0.0.1:8080/tcp",
        grade=Grade.FAILING,
        severity=Severity.MEDIUM,
        certainty=Certainty.VERIFIED,
        title=Text(en="An undeclared port is open.", ja="申告されていないポートが開放されています。"),
        remedy=Text(en="Close it.", ja="閉じてください。"),
    )


def make_result(
    inspection_id: str = "i1",
    *,
    plan: InspectionPlan | None = None,
    outcome: Outcome = Outcome.CLEAN,
    findings: tuple[Finding, ...] | None = None,
    tally: Tally | None = None,
    ending: Ending = Ending.FINISHED,
) -> Result:
    """Give the result of a plan whose every item ended alike; by default with one failing finding."""
    plan = plan or make_plan()
    found = (make_finding(),) if findings is None else findings
    coverage = tuple(
        Coverage(server="web", item=item, check=f"{item}.check", subject="127.0.0.1", outcome=outcome, reason=ending)
        for item in plan.items
    )
    verdict = decide([Judgement(findings=found, coverage=coverage)])
    server = ServerResult(
        target=make_target(),
        order_id="o1",
        worker_pid=1,
        node="n1",
        started=plan.window.start,
        ended=plan.window.start + timedelta(seconds=30),
        items=tuple(ItemResult(item=item, ending=ending) for item in plan.items),
        tally=tally or Tally(connections=10, requests=8, bytes_sent=1000, bytes_received=5000),
        pace=plan.pace,
        verdict=verdict,
    )
    return Result(
        inspection_id=inspection_id,
        kind=plan.kind,
        system=plan.system,
        title="Hana Shop",
        operator=OPERATOR,
        window=plan.window,
        pace=plan.pace,
        items=plan.items,
        rules_version=RULES_VERSION,
        pack_digest="0" * 64,
        started=server.started,
        ended=server.ended,
        servers=(server,),
        verdict=verdict,
    )
