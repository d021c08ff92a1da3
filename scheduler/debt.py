"""What an inspection owes: every ordered item of every declared server that is not fully tested. Pure."""

from __future__ import annotations

from probes.observation import Ending
from probes.target import Item
from probes.verdict import Outcome
from scheduler.dialogue import Gap, Pair
from scheduler.plan import InspectionPlan
from scheduler.result import Result
from scheduler.system import System


def reckon(plan: InspectionPlan, system: System, result: Result) -> tuple[tuple[Gap, ...], tuple[Pair, ...]]:
    """Give what stays owed and what is fully tested; together they are every (server, item) of the plan, each once."""
    gaps, tested = [], []
    for target in system.targets:
        for item in plan.items:
            gap = _gap(result, target.name, item)
            if gap is None:
                tested.append(Pair(server=target.name, item=item))
            else:
                gaps.append(gap)
    return tuple(gaps), tuple(tested)


def _gap(result: Result, server: str, item: Item) -> Gap | None:
    """Give the gap of one pair; None when nothing is missing."""
    entries = [entry for entry in result.verdict.coverage if (entry.server, entry.item) == (server, item)]
    missing = [entry for entry in entries if entry.outcome is Outcome.NOT_TESTED]
    ending, detail = _ending(result, server, item)
    if ending is Ending.FINISHED and not missing:
        return None
    cause = f"{ending}: {detail}" if detail else str(ending)
    reason = cause if ending is not Ending.FINISHED else missing[0].reason or "not tested"
    return Gap(server=server, item=item, checks=len(missing), reason=reason)


def _ending(result: Result, server: str, item: Item) -> tuple[Ending, str]:
    for seen in result.servers:
        for entry in seen.items:
            if (seen.target.name, entry.item) == (server, item):
                return entry.ending, entry.detail
    return Ending.NOT_STARTED, "the result does not speak of it"
