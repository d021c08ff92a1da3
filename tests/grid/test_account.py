"""Accounts: nothing that was reported is lost, and what never ended is said."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.account import Account, account
from grid.key import trusted
from grid.seal import seal
from probes.observation import Ending, ItemEnded
from probes.pulse.facts import Pulse
from probes.target import Item
from tests.fakes import FakeClock
from tests.grid.orders import make_order
from tests.grid.test_evidence import ENDED, SEEN, TRANSCRIPT, report


def test_all_observations_of_all_reports_are_in_the_record() -> None:
    opened = Account(make_order())
    opened.took(report(SEEN, transcripts=(TRANSCRIPT,)))
    opened.took(replace(report(ENDED), last=True))
    record = opened.record(FakeClock(), "")
    assert record.observations == (SEEN, ENDED)
    assert record.noticed == ()
    assert opened.finished


def test_an_item_without_an_end_gets_one_that_says_why() -> None:
    opened = Account(make_order())
    opened.took(report(SEEN))
    (noticed,) = opened.record(FakeClock(), "the worker was lost: OutOfMemory").noticed
    assert noticed.item is Item.PORTS
    assert noticed.fact == ItemEnded(ending=Ending.BROKEN, detail="the worker was lost: OutOfMemory")


def test_an_order_that_nobody_began_is_not_begun() -> None:
    key = Ed25519PrivateKey.generate()
    opened = account(seal(make_order(), key), trusted(key))
    record = opened.record(FakeClock(), "stopped", Ending.NOT_STARTED)
    assert not opened.begun
    assert (record.worker_pid, [entry.fact for entry in record.noticed]) == (
        0,
        [ItemEnded(ending=Ending.NOT_STARTED, detail="stopped")],
    )


def test_an_order_for_the_heartbeat_is_known_as_one() -> None:
    assert Account(replace(make_order(), pulse=Pulse(server="web-1", port=8080))).beats
    assert not Account(make_order()).beats
