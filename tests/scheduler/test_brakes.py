"""Brakes are pulled first; an end waits for the stop that caused it to be kept."""

from __future__ import annotations

import threading

from scheduler.brakes import Brakes


def test_only_what_runs_is_pulled_and_only_of_the_system() -> None:
    brakes = Brakes()
    brakes.begun("p1", "hana", 1.0)
    brakes.begun("p2", "tori", 0.5)
    assert (brakes.running("hana"), brakes.running()) == (("p1",), ("p1", "p2"))
    with brakes.pulled(["p1", "p9"], "smoke"):
        assert brakes.of("p1").stopped == "smoke"
    assert (brakes.of("p2").stopped, brakes.of("p9").stopped) == ("", "")
    assert brakes.of("p2").share == 0.5
    brakes.over("p1")
    assert brakes.running() == ("p2",)


def test_a_brake_that_was_touched_before_the_start_is_the_one_of_the_run() -> None:
    brakes = Brakes()
    brakes.of("p1").stop("too early")
    brakes.begun("p1", "hana", 1.0)
    assert brakes.of("p1").stopped == "too early"


def test_an_end_waits_for_every_stop_that_is_being_kept() -> None:
    brakes = Brakes()
    brakes.begun("p1", "hana", 1.0)
    kept = threading.Event()

    def end() -> None:
        brakes.wait_until_kept("p1")
        kept.set()

    ended = threading.Thread(target=end)
    with brakes.pulled(["p1"], "first"):
        with brakes.pulled(["p1"], "second"):
            ended.start()
            assert not kept.wait(0.05)
        assert not kept.wait(0.05)
    assert kept.wait(10)
    ended.join(10)
    brakes.wait_until_kept("p1")


def test_an_end_that_nobody_stopped_does_not_wait() -> None:
    Brakes().wait_until_kept("p1")
