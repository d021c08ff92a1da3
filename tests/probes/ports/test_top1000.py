"""The list of ports."""

from __future__ import annotations

from probes.ports.top1000 import TOP_1000


def test_it_holds_a_thousand_ports_once_and_in_order() -> None:
    ports = [port for part in TOP_1000 for port in range(part.first, part.last + 1)]
    assert len(ports) == 1000
    assert ports == sorted(set(ports))


def test_it_holds_what_shops_run_and_what_they_must_not() -> None:
    known = (
        21,
        22,
        23,
        25,
        53,
        80,
        110,
        111,
        143,
        389,
        443,
        445,
        465,
        587,
        636,
        873,
        993,
        995,
        1433,
        1521,
        2049,
        2375,
        3306,
    )
    more = (3389, 5432, 5900, 5984, 6000, 6379, 6443, 8000, 8080, 8443, 8888, 9000, 9090, 9200, 11211, 27017)
    ports = {port for part in TOP_1000 for port in range(part.first, part.last + 1)}
    assert {*known, *more} <= ports
