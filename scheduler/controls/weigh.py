"""What became of the control, and what that means for the verdicts of the run. Pure.

held       verdicts stand
failed     no verdict stands: everything is inconclusive, never pass, never fail
cut off    what the same stop left inconclusive stays as it is; what was complete by then does not stand
none       verdicts stand, and the result says that there was no control
"""

from __future__ import annotations

from collections.abc import Sequence

from probes.finding import Certainty
from probes.observation import Ending
from probes.verdict import Outcome, Standing, Verdict, combine, void
from scheduler.controls.planted import PLANTED
from scheduler.controls.running import BAD, GOOD
from scheduler.result import Control, ControlServer, ControlStanding, Result, ServerResult

_CUT_OFF = frozenset({Ending.STOPPED, Ending.WINDOW_OVER, Ending.NOT_STARTED})
_PLANTED = tuple(sorted(plant.id for plant in PLANTED))


def without(reason: str) -> Control:
    """Give the control of a run that has none."""
    return Control(standing=ControlStanding.NONE, reason=reason)


def weigh(result: Result) -> Control:
    """Compare what came of the control servers with what is planted in them."""
    standing, reason = _outcome({server.target.name: server for server in result.servers})
    return Control(
        standing=standing,
        reason=reason,
        inspection_id=result.inspection_id,
        planted=_PLANTED,
        servers=tuple(
            ControlServer(name=server.target.name, found=_found(server), tally=server.tally)
            for server in result.servers
        ),
    )


def _outcome(servers: dict[str, ServerResult]) -> tuple[ControlStanding, str]:
    endings = [item for server in servers.values() for item in server.items]
    for item in endings:
        if item.ending in _CUT_OFF:
            return ControlStanding.CUT_OFF, f"{item.ending}: {item.detail}"
    for item in endings:
        if item.ending is not Ending.FINISHED:
            return ControlStanding.FAILED, f"{item.ending}: {item.detail}"
    if fault := _bad(servers[BAD]) or _good(servers[GOOD]):
        return ControlStanding.FAILED, fault
    return ControlStanding.HELD, ""


def _bad(server: ServerResult) -> str:
    expected = {(plant.id, plant.certainty) for plant in PLANTED}
    seen = {(finding.rule, finding.certainty) for finding in server.verdict.findings}
    if missed := expected - seen:
        return f"not found on the known-bad server: {_words(missed)}"
    if wrong := seen - expected:
        return f"found on the known-bad server, where it is not planted: {_words(wrong)}"
    return ""


def _good(server: ServerResult) -> str:
    if found := _found(server):
        return f"found on the known-good server, where nothing is planted: {', '.join(found)}"
    clean = {entry.check for entry in server.verdict.coverage if entry.outcome is Outcome.CLEAN}
    # A server that says nothing shows no hole either.
    if unseen := set(_PLANTED) - clean:
        return f"not seen to be clean on the known-good server: {', '.join(sorted(unseen))}"
    return ""


def _found(server: ServerResult) -> tuple[str, ...]:
    return tuple(sorted(finding.rule for finding in server.verdict.findings))


def _words(pairs: set[tuple[str, Certainty]]) -> str:
    return ", ".join(f"{rule} ({certainty})" for rule, certainty in sorted(pairs))


def standing_verdicts(verdicts: Sequence[Verdict], control: Control) -> tuple[Verdict, ...]:
    """Give the verdicts of a system's servers as they count under the control of their run."""
    if reason := void_reason(combine(verdicts).standing, control):
        return tuple(void(verdict, reason) for verdict in verdicts)
    return tuple(verdicts)


def void_reason(standing: Standing, control: Control) -> str:
    """Say why the verdicts of a system do not count; empty: they do."""
    failed = control.standing is ControlStanding.FAILED
    cut_off = control.standing is ControlStanding.CUT_OFF and standing is not Standing.INCONCLUSIVE
    return f"the control of this run failed: {control.reason}" if failed or cut_off else ""
