"""Results with a proof of gentleness: a shop that noticed nothing, one that was too slow, one that nobody could see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from plugins.text import Text
from probes.pace import Pace
from probes.pulse.facts import Advice, Advised, Echo, Gentleness, Phase, Pulse, PulseBeat, TallySeen
from probes.pulse.proof import gentleness
from probes.tally import Tally
from scheduler.result import Result
from tests.dashboards.report import scenes

PULSE = Pulse(server="web", port=443, path="/front")
AGREED = Pace(connections_per_s=100, requests_per_s=50, concurrent_connections=20, bytes_per_s=1_000_000)


def beats(first_s: float, number: int, latency_s: float, status: int = 200) -> list[PulseBeat]:
    """Beats every two seconds that took a little less or more each."""
    return [
        PulseBeat(
            at=scenes.START + timedelta(seconds=first_s + 2 * index),
            echo=Echo.ANSWERED,
            latency_s=latency_s * (1 + 0.02 * (index % 5)),
            status=status,
        )
        for index in range(number)
    ]


def advised(second: float, phase: Phase, factor: float, why: str = "because of the shop") -> Advised:
    advice = Advice(phase=phase, factor=factor, reason=Text(en=why, ja="ショップの状態のため"))
    return Advised(at=scenes.START + timedelta(seconds=second), advice=advice)


def proof(during: list[PulseBeat], *changes: Advised, paused: list[PulseBeat] | None = None) -> Gentleness:
    heard = {Phase.LEAD: beats(0, 60, 0.1), Phase.RUN: during, Phase.PAUSE: paused or []}
    sent = [
        TallySeen(
            order_id="7f3a",
            at=scenes.START + timedelta(seconds=120 + second),
            tally=Tally(
                connections=20 * second, requests=15 * second, bytes_sent=900 * second, bytes_received=9000 * second
            ),
        )
        for second in range(100)
    ]
    lead = [advised(0, Phase.LEAD, 0.0), advised(120, Phase.RUN, 0.25), advised(130, Phase.RUN, 0.35)]
    return gentleness(PULSE, AGREED, heard, sent, [*lead, *changes])


def gentle() -> Result:
    """A shop that noticed nothing."""
    return replace(scenes.passing(), gentleness=proof(beats(120, 50, 0.11)))


def beyond() -> Result:
    """A shop that became too slow and failed; the inspection paused and gave up."""
    changes = (
        advised(160, Phase.RUN, 0.17, "the pace was halved"),
        advised(170, Phase.PAUSE, 0.0, "the shop showed an error"),
        advised(230, Phase.ABORT, 0.0, "the window was handed back"),
    )
    slow = [*beats(120, 20, 0.4), *beats(160, 5, 9.0), *beats(170, 2, 0.01, status=503)]
    return replace(scenes.inconclusive(), gentleness=proof(slow, *changes, paused=beats(176, 27, 0.1)))


def unseen() -> Result:
    """A shop that could not be watched while it was inspected."""
    nothing = [PulseBeat(at=scenes.START + timedelta(seconds=130), echo=Echo.NOT_SENT)]
    return replace(scenes.passing(), gentleness=proof(nothing))
