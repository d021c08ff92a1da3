"""What a verdict means, in plain words."""

from __future__ import annotations

from dashboards.locale.phrasebook import Phrasebook
from dashboards.report.sentences import next_step, verdict_sentences
from probes.verdict import Standing, Verdict
from tests.dashboards.report import scenes

ENGLISH = Phrasebook("en")


def test_a_pass_says_that_all_was_inspected() -> None:
    (only,) = verdict_sentences(scenes.passing().verdict, ENGLISH)
    assert only.startswith("Everything that had to be inspected was inspected")


def test_a_fail_counts_its_grounds_and_its_gaps() -> None:
    assert list(verdict_sentences(scenes.failing().verdict, ENGLISH)) == [
        "3 findings fail under the inspection rules.",
        "3 checks of 89 could not be carried out.",
        "1 finding is guidance.",
    ]


def test_inconclusive_never_sounds_like_a_pass() -> None:
    first, second = verdict_sentences(scenes.inconclusive().verdict, ENGLISH)
    assert first.endswith("This is not a pass.")
    assert second == "38 checks of 90 could not be carried out."


def test_nothing_looked_at() -> None:
    nothing = Verdict(standing=Standing.INCONCLUSIVE, findings=(), coverage=())
    (only,) = verdict_sentences(nothing, ENGLISH)
    assert only == "Nothing could be inspected, so nothing can be said. This is not a pass."


def test_each_standing_has_its_next_step() -> None:
    assert len({next_step(standing, ENGLISH) for standing in Standing}) == len(Standing)
