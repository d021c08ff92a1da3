"""One inspection from agreed plan to result: orders out, reports in, judgement, result.

system + window + pace --orders--> seal --> grid --> observations --judge--> verdict --> result.json
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.brake import Brake
from grid.evidence import EvidenceFolder
from grid.here import Here
from grid.key import trusted
from grid.order import Order
from grid.pulse.watch import PulseWatch
from grid.report import Record, Report
from grid.run import Grid
from grid.seal import SealedOrder, seal
from plugins import canonical
from plugins.cargo import packed
from plugins.clock import Clock
from plugins.pack import Pack
from probes.catalog import judge_server
from probes.observation import ItemEnded
from probes.ports.picture import picture
from probes.pulse.facts import NoPulse, NotMeasured, Pulse
from probes.tls.picture import pictures
from probes.verdict import RULES_VERSION, combine
from scheduler.claims import ClaimOutcome, Claims
from scheduler.controls.running import CONTROL, OwnServers, control_inspection, without_holes
from scheduler.controls.running import running as control_servers
from scheduler.controls.weigh import standing_verdicts, void_reason, weigh, without
from scheduler.orders import Inspection, write_orders
from scheduler.result import Control, ItemResult, Result, ServerResult
from scheduler.system import System
from scheduler.trail import GRID, Audit, digest_of, order_note, void_note


class NotProvenError(Exception):
    """Addresses that nobody has shown to control. No order is sealed, so nothing can be sent."""

    def __init__(self, system: str, addresses: tuple[str, ...]) -> None:
        super().__init__(system, addresses)
        self.system, self.addresses = system, addresses

    def __str__(self) -> str:
        return (
            f"system {self.system}: no proof of control for {', '.join(self.addresses)}; nothing was sent. "
            "Only loopback may be inspected without proof; `tenken inspect` says what to publish."
        )


@dataclass(frozen=True)
class Issuer:
    """Who inspects: the review body, or the operator on its own machine."""

    name: str
    """Name that goes into every order."""
    contact: str
    """How to reach it; goes into every HTTP ask."""
    key: Ed25519PrivateKey
    """Signs the orders; never leaves the driver."""
    actor: str = GRID
    """Under which name the audit log says who had the orders written."""


def unproven(system: System, proven: Collection[str]) -> tuple[str, ...]:
    """Give the declared addresses that are neither loopback nor among `proven`."""
    addresses = {address for target in system.targets for address in target.addresses}
    return tuple(sorted(a for a in addresses if a not in proven and not is_loopback(a)))


def is_loopback(address: str) -> bool:
    """Tell whether an address can only mean this machine (127.0.0.0/8 or ::1; not IPv4-mapped forms)."""
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback and getattr(parsed, "ipv4_mapped", None) is None


class _Running:
    """One inspection while it runs."""

    def __init__(
        self, inspection: Inspection, out: Path, issuer: Issuer, pack: Pack, clock: Clock, claims: Claims
    ) -> None:
        self.inspection = inspection
        self.out = out
        self.claims = claims
        self._pack = pack
        self._trusted = trusted(issuer.key)
        self.evidence = EvidenceFolder(out / "evidence")
        orders = write_orders(inspection, issuer.name, issuer.contact, pack.digest, clock, claims.next_fence)
        self.all_orders = tuple(orders)
        self.orders = [order for order in orders if isinstance(order.pulse, NoPulse)]
        self.watch = (
            PulseWatch(pulse, inspection.agreed, clock) if isinstance(pulse := inspection.pulse, Pulse) else None
        )
        self.sealed = [seal(order, issuer.key) for order in orders]

    def keep_orders(self) -> None:
        """Write the orders into the evidence, before anything is sent."""
        for sealed in self.sealed:
            self.evidence.order(sealed, self._trusted)

    def finish(self, records: dict[str, Record], note_void: Callable[[str, str], None], control: Control) -> Result:
        """Judge under the control of the run, and write `result.json`; `note_void` is told before a verdict is taken back."""
        judged = tuple(self._server(order, records[order.order_id]) for order in self.orders)
        verdicts = [server.verdict for server in judged]
        if reason := void_reason(combine(verdicts).standing, control):
            note_void(self.inspection.inspection_id, reason)
            # Pictures of chains are opinions, too.
            judged = tuple(replace(server, chains=()) for server in judged)
        servers = tuple(
            replace(server, verdict=verdict)
            for server, verdict in zip(judged, standing_verdicts(verdicts, control), strict=True)
        )
        self.evidence.control(canonical.dumps(control))
        self.evidence.close()
        inspection, system = self.inspection, self.inspection.system
        result = Result(
            inspection_id=inspection.inspection_id,
            kind=inspection.kind,
            system=system.name,
            title=system.title,
            operator=system.operator,
            window=inspection.window,
            pace=inspection.agreed,
            items=inspection.items,
            rules_version=RULES_VERSION,
            pack_digest=self._pack.digest,
            started=min(server.started for server in servers),
            ended=max(server.ended for server in servers),
            servers=servers,
            verdict=combine([server.verdict for server in servers]),
            gentleness=self.watch.gentleness() if self.watch else NotMeasured(),
            before=inspection.before,
            control=control,
        )
        write_result(result, self.out)
        return result

    def _server(self, order: Order, record: Record) -> ServerResult:
        self.evidence.observed(record.server, record.noticed)
        observations = record.observations + record.noticed
        return ServerResult(
            target=order.scope.target,
            order_id=order.order_id,
            worker_pid=record.worker_pid,
            node=record.node,
            started=record.started,
            ended=record.ended,
            items=tuple(
                ItemResult(item=entry.item, ending=entry.fact.ending, detail=entry.fact.detail)
                for entry in observations
                if isinstance(entry.fact, ItemEnded)
            ),
            tally=record.tally,
            pace=order.pace,
            verdict=judge_server(order.scope, observations, self._pack),
            ports=picture(order.scope, observations),
            chains=pictures(order.scope, observations),
        )


def write_result(result: Result, out: Path) -> None:
    """Write `result.json` whole or not at all."""
    draft = out / "result.json.part"
    draft.write_bytes(canonical.dumps(result) + b"\n")
    draft.replace(out / "result.json")


class _Intake:
    """Sends each report to the evidence of its inspection, then to whoever watches; remembers how far each order came."""

    def __init__(
        self, running: Sequence[_Running], on_report: Callable[[Report], None], control: _Running | None
    ) -> None:
        self._evidence = {order.order_id: run.evidence for run in running for order in run.all_orders}
        self._on_report = on_report
        self._ours = {order.order_id for order in control.all_orders} if control else set()
        self._let_go: dict[str, bool] = {}

    def took(self, report: Report) -> None:
        self._let_go[report.order_id] = report.last
        self._evidence[report.order_id].took(report)
        # Whoever watches counts what the shops were sent.
        if report.order_id not in self._ours:
            self._on_report(report)

    def outcome(self, order_id: str) -> ClaimOutcome:
        """Say what became of an order. A worker sends nothing before its first report was taken."""
        if order_id not in self._let_go:
            return ClaimOutcome.UNSENT
        return ClaimOutcome.RETURNED if self._let_go[order_id] else ClaimOutcome.LOST


@contextmanager
def _handed_out(running: Sequence[_Running], audit: Audit, actor: str, intake: _Intake) -> Iterator[list[SealedOrder]]:
    """Claim every order and write it into the audit log; give them. Afterwards the claims are given back.

    Raises `ClaimError` or `AuditError`; then nothing runs.
    """
    ready = [(run.claims, *pair) for run in running for pair in zip(run.all_orders, run.sealed, strict=True)]
    held: list[tuple[Claims, str]] = []
    try:
        for claims, order, sealed in ready:
            claims.claim(order, digest_of(sealed))
            held.append((claims, order.order_id))
        for _, order, sealed in ready:
            order_note(order, digest_of(sealed), actor).write(audit)
        yield [sealed for _, _, sealed in ready]
    finally:
        for claims, order_id in held:
            claims.release(order_id, intake.outcome(order_id))


def inspect_systems(
    inspections: Sequence[Inspection],
    outs: Sequence[Path],
    *,
    grid: Grid | Here,
    issuer: Issuer,
    pack: Pack,
    clock: Clock,
    claims: Claims,
    audit: Audit,
    proven: Collection[str] = (),
    brake: Brake | None = None,
    on_report: Callable[[Report], None] = lambda _: None,
    uncontrolled: str = "",
) -> list[Result]:
    """Inspect systems side by side; give one result per inspection, in order, each also written to its folder of `outs`.

    Blocks until all have ended: done, cut off by their windows, or stopped through `brake`. Every order is claimed and in the
    audit log before any of them is handed out. Control servers of our own are inspected beside them (`scheduler.controls`), unless
    `uncontrolled` says why not, or the grid does. Raises `NotProvenError` and `ControlStartError` before anything is sealed,
    `ClaimError` and `AuditError` before anything is sent.
    """
    for inspection in inspections:
        if missing := unproven(inspection.system, proven):
            raise NotProvenError(inspection.system.name, missing)
    with ExitStack() as stack:
        why_none = uncontrolled or grid.apart or without_holes(inspections)
        control = None
        if not why_none:
            ours = control_inspection(stack.enter_context(control_servers()), inspections)
            control = _Running(ours, outs[0] / CONTROL, issuer, pack, clock, OwnServers())
        running = [_Running(one, out, issuer, pack, clock, claims) for one, out in zip(inspections, outs, strict=True)]
        # The control goes first: behind a long list of servers it might not come to its end.
        everything = [control, *running] if control else running
        intake = _Intake(everything, on_report, control)
        watches = {run.inspection.inspection_id: run.watch for run in running if run.watch}
        with _handed_out(everything, audit, issuer.actor, intake) as sealed:
            for run in everything:
                run.keep_orders()
            records = grid.run(sealed, trusted(issuer.key), intake, brake or Brake(), watches, packed(pack))

    def note_void(inspection_id: str, reason: str) -> None:
        void_note(inspection_id, reason, issuer.actor).write(audit)

    by_order = {record.order_id: record for record in records}
    weighed = without(why_none)
    if control:
        weighed = weigh(control.finish(by_order, note_void, without("this is the control itself")))
    return [run.finish(by_order, note_void, weighed) for run in running]
