"""The text for the kernel: whole, narrow, and taken by a real `nft`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from grid.gate import rules
from grid.gate.passage import Cap, PassageError, passage_of
from grid.gate.rules import Link
from tests.grid.gate.scene import OTHER, TARGET6, Scene, make, missing, scene

LINK = Link(
    device="tk0",
    worker_mac="02:00:00:00:00:01",
    worker=("10.213.0.2", "fd74::2"),
    switch=("10.213.0.1", "fd74::1"),
)
TOTAL = Cap(per_hour=3600, burst=1)


def test_what_is_not_named_is_dropped() -> None:
    text = rules.gate_table("t", LINK, TOTAL)
    assert "hook ingress" in text
    assert "policy drop" in text
    verdicts = [line for line in text.splitlines() if line.strip().endswith("accept")]
    assert len(verdicts) == 2, "neighbours of both IP versions; only an order's chain lets more out"
    assert all("neighbours" not in line and "chatter" in line for line in verdicts)


def test_a_slot_s_elements_all_have_a_timeout() -> None:
    text = rules.opened("netdev", "t", 1, passage_of(make()), 5000, [])
    elements = text.split("elements = {")[1].split("}")[0].split(", ")
    assert len(elements) == 3
    assert all(each.strip().endswith("timeout 5000ms") for each in elements)


def test_the_order_s_own_words_never_reach_the_kernel() -> None:
    order = make(order_id='x"; flush ruleset; #')
    assert "flush ruleset" not in rules.opened("netdev", "t", 1, passage_of(order), 5000, [])


@pytest.mark.parametrize("left_ms", [0, -5])
def test_a_window_that_is_over_gives_no_text(left_ms: int) -> None:
    with pytest.raises(PassageError, match="still open"):
        rules.opened("netdev", "t", 1, passage_of(make()), left_ms, [])


@pytest.mark.parametrize("bad", ["", "9x", "a b", 'a"b', "a;b", "ä", "x" * 32, "a\nb"])
def test_names_are_checked(bad: str) -> None:
    with pytest.raises((PassageError, IndexError)):
        rules.name(bad)
    with pytest.raises((PassageError, IndexError)):
        rules.gate_table(bad, LINK, TOTAL)


@pytest.mark.parametrize("path", ["", "/", "a//b", "a/../b", 'a"b', "a b", "../x", "a/.", "a;b"])
def test_control_groups_are_checked(path: str) -> None:
    with pytest.raises(PassageError, match="control group"):
        rules.by_cgroup(path)


@pytest.mark.parametrize("uid", [0, -1, 2**32])
def test_root_is_no_account_to_wall_in(uid: int) -> None:
    with pytest.raises(PassageError, match="account"):
        rules.by_uid(uid)


def test_solicited_node_addresses() -> None:
    assert rules.solicited("4037::01:800:200e:8c6c") == "ff02::1:ff0e:8c6c"  # example of RFC 4291, section 2.7.1


needs_kernel = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")


@pytest.fixture(scope="module")
def made() -> Iterator[Scene]:
    with scene() as one:
        yield one


@pytest.mark.root
@needs_kernel
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_nft_takes_every_text(made: Scene, zone: str) -> None:
    passage = passage_of(make())
    both = [passage, passage_of(make(address=TARGET6, order_id="o2")), passage_of(make(address=OTHER, order_id="o3"))]
    link = Link(device="out", worker_mac=LINK.worker_mac, worker=LINK.worker, switch=LINK.switch)
    hooks = {
        "netdev": [rules.gate_table("t", link, TOTAL)],
        "inet": [rules.account_table("t", rules.by_uid(1234), TOTAL)],
    }
    for family, texts in hooks.items():
        for slot, each in enumerate(both, 1):
            texts.append(rules.opened(family, "t", slot, each, 8 * 3600 * 1000, range(1, slot)))
        texts.append(rules.closed(family, "t", 2, [1, 3]))
        _take(made, zone, "\n".join(texts))
        out = subprocess.run(
            made.at_switch("env", "TZ=UTC", "nft", "list", "table", family, "t"),
            check=True,
            capture_output=True,
            text=True,
        )
        assert "@o1-ip4 goto o1\n\t\tip daddr . ip protocol . th dport @o3-ip4 goto o3" in out.stdout
        assert "o2-ip" not in out.stdout
        assert f'meta time >= "{datetime.fromtimestamp(passage.end, UTC):%Y-%m-%d %H:%M:%S}"' in out.stdout
    _take(made, zone, rules.egress_table("e", link, "out"))
    _take(made, zone, "flush ruleset")


def _take(made: Scene, zone: str, text: str) -> None:
    done = subprocess.run(
        made.at_switch("env", f"TZ={zone}", "nft", "-f", "-"), input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.root
@needs_kernel
def test_a_gate_for_one_ip_version_is_a_gate() -> None:
    for version in (0, 1):
        link = Link(
            device="tk0", worker_mac=LINK.worker_mac, worker=(LINK.worker[version],), switch=(LINK.switch[version],)
        )
        other = ("ip6", "ip")[version]
        assert f'ether type {other} counter name "forged" drop' in rules.gate_table("t", link, TOTAL)
