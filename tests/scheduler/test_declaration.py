"""Declarations: the example is clean, and what it says arrives in the system."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plugins import canonical
from plugins.strict_yaml import load
from probes.pace import Pace
from probes.pulse.facts import NoPulse, Pulse
from probes.target import ClientAuth, PortRange, Purpose, Role, TlsVersion, Transport
from scheduler.declaration import DeclarationError, example, load_declaration, schema
from scheduler.system import System, WeeklyWindow


def change(*changes: tuple[str, str]) -> str:
    """Give the example with some of its text replaced; text that is not there is the test's mistake."""
    text = example()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def problems(text: str | bytes) -> list[str]:
    """Give the mistakes of a declaration."""
    with pytest.raises(DeclarationError) as caught:
        load_declaration(text, "shop.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_the_example_is_clean_and_says_what_it_says() -> None:
    system = load_declaration(example(), "example.yaml")
    web, mail = system.targets
    assert (system.name, system.operator.email) == ("shop.example", "security@shop.example")
    assert (web.name, web.role, web.addresses) == ("web-1", Role.WEB, ("192.0.2.10", "2001:db8::10"))
    assert web.host_names == ("shop.example", "www.shop.example")
    assert [(port.ports.first, port.service, port.purpose) for port in web.ports] == [
        (80, "http", Purpose.SHOP), (443, "https", Purpose.SHOP), (22, "ssh", Purpose.REMOTE_MAINTENANCE),
    ]  # fmt: skip
    assert web.ports[2].restricted_to == ("198.51.100.0/28",)
    assert web.tls[0].versions == (TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)
    assert web.tls[0].client_auth is ClientAuth.NONE
    assert mail.ports[0].transport is Transport.TCP
    assert system.pace == Pace(
        connections_per_s=20, requests_per_s=10, concurrent_connections=10, bytes_per_s=1_000_000, packets_per_s=500
    )
    assert system.calendar.windows[1] == WeeklyWindow(days=(5,), start="23:00", end="04:00")
    assert system.calendar.blackouts == ("2026-12-31", "2027-01-01")
    assert (system.tcp_ports, system.anchors) == ((), ())
    assert system.pulse == Pulse(server="web-1", port=443, path="/", every_s=2, lead_s=300, patience_s=60)


def test_a_system_survives_canonical_json() -> None:
    system = load_declaration(example(), "example.yaml")
    assert canonical.loads(System, canonical.dumps(system)) == system


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        ("top-1000", []),
        ("all", [(1, 65535)]),
        ("declared", [(22, 22), (25, 25), (80, 80), (443, 443)]),
        ('[8080, "1-1024", 2000-2010]', [(1, 1024), (2000, 2010), (8080, 8080)]),
    ],
)
def test_the_wanted_ports(scan: str, expected: list[tuple[int, int]]) -> None:
    system = load_declaration(change(("scan: top-1000", f"scan: {scan}")), "f")
    assert system.tcp_ports == tuple(PortRange(first=first, last=last) for first, last in expected)


def test_values_arrive_in_their_one_form() -> None:
    text = change(
        ("2001:db8::10", "2001:DB8:0:0::0010"),
        ("[TLSv1.2, TLSv1.3]", "[TLSv1.3, TLSv1.2]"),
        ("days: [tue, wed, thu]", "days: [thu, tue]"),
    )
    system = load_declaration(text, "f")
    assert system.targets[0].addresses[1] == "2001:db8::10"
    assert system.targets[0].tls[0].versions == (TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)
    assert system.calendar.windows[0].days == (1, 3)


def test_what_may_be_left_out() -> None:
    text = """
format: tenken-declaration/1
name: s
title: 店
operator: {organisation: o, name: n, email: a@b.example}
servers: [{name: a, role: other, addresses: [127.0.0.1]}]
calendar: {time_zone: UTC, windows: [{days: [mon], start: 00:00, end: 00:00}]}
"""
    system = load_declaration(text, "f")
    assert system.pace == Pace()
    assert system.targets[0].ports == ()
    assert system.pulse == NoPulse()


def test_every_entry_of_the_pulse_arrives() -> None:
    text = change(
        ("path: / ", "path: /items?page=1 "),
        ("every_s: 2 ", "every_s: 30 "),
        ("added_latency_percent: 20 ", "added_latency_percent: 10.5 "),
        ("added_latency_ms: 50 ", "added_latency_ms: 80 "),
        ("lead_minutes: 5 ", "patience_s: 90\n  lead_minutes: 1.5 "),
    )
    assert load_declaration(text, "f").pulse == Pulse(
        server="web-1",
        port=443,
        path="/items?page=1",
        every_s=30,
        added_latency_percent=10.5,
        added_latency_ms=80,
        lead_s=90,
        patience_s=90,
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("path: / ", "path: shop "),
        ("path: / ", 'path: "/a b" '),
        ("path: / ", "path: /店 "),
        ("path: / ", 'path: "/a\\r\\nX: y" '),
        ("path: / ", 'path: "/a#b" '),
        ("every_s: 2 ", "every_s: 0.5 "),
        ("every_s: 2 ", "every_s: 31 "),
        ("every_s: 2 ", "every: 2 "),
        ("lead_minutes: 5 ", "lead_minutes: 0 "),
        ("lead_minutes: 5 ", "lead_minutes: 61 "),
        ("added_latency_ms: 50 ", "added_latency_ms: 60000 "),
        ("added_latency_percent: 20 ", "added_latency_percent: -1 "),
        ("server: web-1 ", "server: Web "),
    ],
)
def test_a_pulse_out_of_bounds_is_refused(old: str, new: str) -> None:
    (mistake,) = problems(change((old, new)))
    place, _, words = mistake.partition(": ")
    assert line_of("pulse:") <= int(place.removeprefix("shop.yaml:")) < line_of("calendar:")
    assert words.startswith("pulse.")


def line_of(begin: str) -> int:
    """Give the first line of the example that begins so, whatever else is in it."""
    lines = enumerate(example().splitlines(), 1)
    return next(number for number, line in lines if line.strip().removeprefix("- ").startswith(begin))


def test_all_mistakes_of_all_kinds_come_at_once_in_order() -> None:
    text = change(
        ("name: shop.example", "name: Shop"),
        ("service: http ", "service: htpp "),
        ("client_auth: none", "client_auth: maybe"),
        ("192.0.2.25", "192.0.2.10"),
        ("scan: top-1000", "scan: [1-10, 5-20, 0]"),
        ("connections_per_s: 20 ", "connections_per_s: 20000 "),
        ("time_zone", "timezone"),
    )
    assert problems(text) == [
        f'shop.yaml:{line_of("name: ")}: name: expected up to 64 lower-case letters, digits, single dots and hyphens, saw "Shop"',
        f"shop.yaml:{line_of('service: http ')}: servers[0].ports[0].service: htpp: not a well-known service; did you mean http?",
        (
            f"shop.yaml:{line_of('client_auth: none')}: servers[0].tls[0].client_auth: "
            "expected one of 'none', 'optional' or 'required', saw \"maybe\""
        ),
        (
            f"shop.yaml:{line_of('addresses: [192.0.2.25]')}: address 192.0.2.10 belongs to server web-1 already; "
            "what shares an address is one server: declare its ports and names together"
        ),
        f"shop.yaml:{line_of('scan: top')}: scan: 5-20 overlaps 1-10; name each port once",
        f"shop.yaml:{line_of('scan: top')}: scan[2]: expected a port from 1 to 65535, saw the number 0",
        f"shop.yaml:{line_of('connections_per_s: 20 ')}: pace.connections_per_s: expected at most 1000, saw the number 20000",
        f"shop.yaml:{line_of('calendar:')}: calendar.time_zone is missing; add it",
        f"shop.yaml:{line_of('time_zone:')}: calendar.timezone: a key that is not known here; did you mean time_zone?",
    ]


def test_one_slip_is_told_once() -> None:
    """A wrong service hides which port it is; that TLS then misses its port is no second mistake."""
    assert len(problems(change(("service: https ", "service: HTTPS ")))) == 1


def test_the_error_survives_pickling() -> None:
    with pytest.raises(DeclarationError) as caught:
        load_declaration("x: &y", "f")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_the_schema_accepts_the_example_and_refuses_what_is_not_known() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    tree: Any = load(example(), "f", "typed").data
    assert list(validator.iter_errors(tree)) == []
    tree["pace"]["connection_per_s"] = 20
    assert [error.validator for error in validator.iter_errors(tree)] == ["additionalProperties"]


def test_the_published_schema_is_the_one_of_the_form() -> None:
    """`make` nothing: `tenken declaration schema > docs/declaration.schema.json` after the form has changed."""
    published = Path(__file__).parents[2] / "docs" / "declaration.schema.json"
    assert json.loads(published.read_text("utf-8")) == schema()
