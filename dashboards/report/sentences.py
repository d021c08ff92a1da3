"""The plain sentences of the report: what a verdict means, and what to do next. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dashboards.locale.phrasebook import Phrasebook
from dashboards.report.figures import Counts, of_grade
from dashboards.report.reasons import told
from dashboards.report.units import number
from probes.finding import Grade
from probes.pulse.facts import Gentleness, Impact, NotMeasured
from probes.verdict import Standing, Verdict
from scheduler.result import Control, ControlStanding


def verdict_sentences(verdict: Verdict, book: Phrasebook) -> Iterator[str]:
    """Say what a verdict means, in the order in which a reader asks."""
    counts = Counts.of(verdict.coverage)
    failing = len(of_grade(verdict.findings, Grade.FAILING))
    if verdict.standing is Standing.PASS:
        yield book.say("Everything that had to be inspected was inspected, and nothing was found that fails the rules.")
    elif verdict.standing is Standing.FAIL:
        yield book.say_number(
            "%(n)s finding fails under the inspection rules.",
            "%(n)s findings fail under the inspection rules.",
            failing,
        )
    elif counts.done == 0:
        yield book.say("Nothing could be inspected, so nothing can be said. This is not a pass.")
    else:
        yield book.say("Nothing that was looked at fails, but not everything could be looked at. This is not a pass.")
    yield from _also(verdict, counts, book)


def _also(verdict: Verdict, counts: Counts, book: Phrasebook) -> Iterator[str]:
    if counts.not_tested:
        yield book.say_number(
            "%(n)s check of %(total)s could not be carried out.",
            "%(n)s checks of %(total)s could not be carried out.",
            counts.not_tested,
            total=counts.done + counts.not_tested,
        )
    guidance = len(of_grade(verdict.findings, Grade.GUIDANCE))
    if guidance:
        yield book.say_number("%(n)s finding is guidance.", "%(n)s findings are guidance.", guidance)


def control_sentences(control: Control, book: Phrasebook) -> Iterator[str]:
    """Say what became of the control of the run, and what that means."""
    why = told(control.reason, book)
    if control.standing is ControlStanding.HELD:
        yield book.say(
            "Control of the run: on a server of our own all %(n)s planted holes were found, on another one nothing.",
            n=len(control.planted),
        )
    elif control.standing is ControlStanding.FAILED:
        yield book.say("The control of the run failed, so nothing of this inspection counts: %(why)s.", why=why)
    elif control.standing is ControlStanding.CUT_OFF:
        yield book.say("The control of the run was cut off: %(why)s.", why=why)
    else:
        yield book.say("No control in this run: %(why)s.", why=why)
    if control.servers:
        asks = sum(server.tally.requests for server in control.servers)
        yield book.say("The control took %(asks)s asks, which the system never saw.", asks=asks)


def next_step(standing: Standing, book: Phrasebook) -> str:
    """Say what follows from the verdict under the rules."""
    if standing is Standing.FAIL:
        return book.say(
            "When the grounds for failing are removed, ask the review body for a re-inspection (clause 6.2.5)."
        )
    if standing is Standing.INCONCLUSIVE:
        return book.say(
            "The review body and the operator agree on a new window for what was not tested (clause 6.2.2.5). What could not be "
            "looked at never counts as clean."
        )
    return book.say(
        "Tell the review body when servers, ports or programs change: the verdict holds for what was inspected."
    )


def gentleness_sentences(proof: Gentleness | NotMeasured, book: Phrasebook) -> Iterator[str]:
    """Say what the shop's customers noticed; what was not measured is never called gentle."""
    if isinstance(proof, NotMeasured):
        yield book.say("Not measured: %(reason)s.", reason=proof.reason.in_lang(book.lang))
        yield _unknown(book)
        return
    if proof.impact is Impact.NOT_SHOWN:
        yield book.say("Too few measurements before or during the inspection were answered.")
        yield _unknown(book)
        return
    yield book.say(
        "While the shop was inspected, 95 of 100 answers of its page took at most %(during)s ms. Without the inspection it was "
        "%(before)s ms; the agreed limit was %(bound)s ms.",
        during=number(proof.during.p95_ms, book.lang),
        before=number(proof.before.p95_ms, book.lang),
        bound=number(proof.bound_ms, book.lang),
    )
    if proof.during.errors:
        yield book.say_number(
            "%(n)s measurement during the inspection was not answered, or answered with an error.",
            "%(n)s measurements during the inspection were not answered, or answered with an error.",
            proof.during.errors,
        )


def _unknown(book: Phrasebook) -> str:
    return book.say(
        "So nothing can be said about how the inspection affected the shop. That is not the same as no effect."
    )
