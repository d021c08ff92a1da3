"""What must agree between entries, also when entries beside them are wrong."""

from __future__ import annotations

import pytest

from plugins.strict_yaml import load
from scheduler.declaration import example
from scheduler.form.cross import clashes


def _clashes(*changes: tuple[str, str]) -> list[str]:
    text = example()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return [clash.message.partition(";")[0] for clash in clashes(load(text, "f", "typed").data)]


def test_the_example_agrees_with_itself() -> None:
    assert _clashes() == []


@pytest.mark.parametrize(
    "tree",
    [
        None, [], {}, "x", 1, {"servers": None}, {"servers": [None, 1, [], {}]}, {"servers": {"a": 1}}, {"calendar": [], "scan": 5},
        {"servers": [{"addresses": [1, None, []], "ports": [{}], "tls": "x"}]},
    ],
)  # fmt: skip
def test_trees_of_any_shape_are_looked_at(tree: object) -> None:
    assert clashes(tree) == ()  # type: ignore[arg-type]  # every shape that YAML can have


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("port: 80 ", 'port: "8443-8445" '), ("service: http ", "service: https ")],
         ["https on port 8443 needs a TLS end point"]),
        ([("transport: tcp\n        service: https", "transport: udp\n        service: https")],
         ["TLS end point on port 443: no such TCP port is declared"]),
        ([("restricted_to:                     # only these blocks may connect", "exception: keys only\n        restricted_to: #")],
         ["exception: the port is restricted by restricted_to, so it needs no exception"]),
        ([("          - 198.51.100.0/28", "          - 198.51.100.0/28\n          - 198.51.100.0/28")],
         ["block 198.51.100.0/28 is given twice"]),
        ([("names: [shop.example, www", "names: [shop.example, shop.example, www")], ["name shop.example is given twice"]),
        ([("scan: top-1000", "scan: declared"), ("port: 80 ", "port: x "), ("port: 443", "port: x")], []),
        ([("service: https ", "service: x11 ")], ["TLS end point on port 443: x11 there does not begin with TLS"]),
        ([("service: https ", "service: own-thing ")], ["pulse: web-1 has no http or https port 443"]),
        ([("server: web-1 ", "server: web-2 ")], ["pulse: no server web-2 is declared"]),
        ([("server: web-1 ", "server: mail-1 ")], ["pulse: mail-1 has no http or https port 443"]),
        ([("port: 443                                # its", "port: 22 # its")],
         ["pulse: port 22 is restricted, so the heartbeat would be refused"]),
        ([("port: 443                                # its", "port: 80 # its")], []),
        ([("server: web-1 ", "server: 5 ")], []),
    ],
)  # fmt: skip
def test_what_does_not_agree(changes: list[tuple[str, str]], expected: list[str]) -> None:
    assert _clashes(*changes) == expected


def test_udp_and_tcp_are_apart() -> None:
    more = "\n      - {port: 443, transport: udp, service: https, purpose: shop}\n    tls:  "
    assert _clashes(("\n    tls:  ", more)) == []


def test_scan_of_declared_ports_needs_one() -> None:
    tree = load("scan: declared\nservers: [{name: a, ports: []}]", "f", "typed").data
    assert [clash.message for clash in clashes(tree)] == ["scan: declared, but no TCP port is declared; write top-1000"]
