"""Name constraints (RFC 5280, 4.2.1.10), and whom a certificate stands for (RFC 9525)."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Sequence

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.tls.chain.constraints import bad_constraints
from probes.tls.chain.general_names import host_matches, is_dns_name
from probes.tls.chain.profile import Purpose
from tests.probes.tls.chain.asking import ask, reasons
from tests.tls.mint import CLIENT, Holder, authority, leaf, name, root

DNS, MAIL, URI, DIR = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier, x509.DirectoryName
ROOT = root()


def net(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_network(text))


def constrained(permitted: Sequence[x509.GeneralName], excluded: Sequence[x509.GeneralName]) -> Holder:
    constraints = x509.NameConstraints(list(permitted) or None, list(excluded) or None)
    return authority(ROOT, "Tight", number=hash((str(permitted), str(excluded))), extra=((constraints, True),))


def held(permitted: Sequence[x509.GeneralName], excluded: Sequence[x509.GeneralName], *names: x509.GeneralName) -> bool:
    above = constrained(permitted, excluded)
    end = leaf(above, names=name("Shop"), san_names=names, eku=(CLIENT,))
    answer = ask(end, [above], [ROOT], purpose=Purpose(("clientAuth",)))
    assert set(reasons(answer)) <= {"name-constraints"}
    return answer.accepted


@pytest.mark.parametrize(
    ("permitted", "excluded", "presented", "good"),
    [
        ([DNS("shop.example")], [], [DNS("shop.example")], True),
        ([DNS("shop.example")], [], [DNS("a.b.shop.example")], True),
        ([DNS("shop.example")], [], [DNS("SHOP.Example")], True),
        ([DNS("shop.example")], [], [DNS("myshop.example")], False),
        ([DNS("shop.example")], [], [DNS("shop.example"), DNS("other.example")], False),
        ([DNS("shop.example")], [], [DNS("*.shop.example")], True),
        ([DNS("www.shop.example")], [], [DNS("*.shop.example")], False),
        ([], [DNS("www.shop.example")], [DNS("*.shop.example")], False),
        ([], [DNS("a.www.shop.example")], [DNS("*.shop.example")], True),
        ([], [DNS("shop.example")], [DNS("www.shop.example")], False),
        ([], [DNS("shop.example")], [DNS("example.com")], True),
        ([DNS("shop.example")], [DNS("shop.example")], [DNS("shop.example")], False),
        ([net("192.0.2.0/24")], [], [DNS("shop.example")], True),
        ([net("192.0.2.0/24")], [], [x509.IPAddress(ipaddress.ip_address("192.0.2.7"))], True),
        ([net("192.0.2.0/24")], [], [x509.IPAddress(ipaddress.ip_address("192.0.3.7"))], False),
        ([net("192.0.2.0/24")], [], [x509.IPAddress(ipaddress.ip_address("2001:db8::1"))], False),
        ([], [net("2001:db8::/32")], [x509.IPAddress(ipaddress.ip_address("2001:db8::1"))], False),
        ([MAIL("a@shop.example")], [], [MAIL("a@SHOP.example")], True),
        ([MAIL("a@shop.example")], [], [MAIL("A@shop.example")], False),
        ([MAIL("*@shop.example")], [], [MAIL("a@shop.example")], False),
        ([MAIL("shop.example")], [], [MAIL("a@shop.example")], True),
        ([MAIL("shop.example")], [], [MAIL("a@www.shop.example")], False),
        ([MAIL(".shop.example")], [], [MAIL("a@www.shop.example")], True),
        ([MAIL(".shop.example")], [], [MAIL("a@shop.example")], False),
        ([URI("shop.example")], [], [URI("https://shop.example/x"), DNS("a.example")], True),
        ([URI("shop.example")], [], [URI("https://www.shop.example/x")], False),
        ([DIR(x509.Name(list(name("x"))[:1]))], [], [DNS("shop.example")], True),
        ([DIR(name("Other"))], [], [DNS("shop.example")], False),
        ([], [DIR(name("SHOP"))], [DNS("shop.example")], False),
        (
            [],
            [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))],
            [x509.RegisteredID(x509.ObjectIdentifier("1.2.4"))],
            False,
        ),
        ([], [x509.RegisteredID(x509.ObjectIdentifier("1.2.3"))], [DNS("shop.example")], True),
    ],
)
def test_constraints(
    permitted: Sequence[x509.GeneralName],
    excluded: Sequence[x509.GeneralName],
    presented: Sequence[x509.GeneralName],
    good: bool,
) -> None:
    assert held(permitted, excluded, *presented) is good


def test_every_combination_of_host_and_address_constraints() -> None:
    """The same rule for all of them: good when no excluded tree holds it and, if there are any, a permitted one."""
    hosts = [None, "shop.example", "other.example"]
    addresses = [None, "192.0.2.1", "198.51.100.1"]
    for permit_host, forbid_host in itertools.product(hosts, hosts):
        for permit_net, forbid_net in itertools.product(addresses, addresses):
            permitted = [*([DNS(permit_host)] if permit_host else []), *([net(permit_net)] if permit_net else [])]
            excluded = [*([DNS(forbid_host)] if forbid_host else []), *([net(forbid_net)] if forbid_net else [])]
            if not permitted and not excluded:
                continue
            good = permit_host in {None, "shop.example"} and forbid_host != "shop.example"
            good = good and permit_net in {None, "192.0.2.1"} and forbid_net != "192.0.2.1"
            names = (DNS("shop.example"), x509.IPAddress(ipaddress.ip_address("192.0.2.1")))
            assert held(permitted, excluded, *names) is good, (permitted, excluded)


def test_constraints_hold_for_authorities_below_but_not_for_self_issued_ones() -> None:
    above = constrained([], [DNS("secret.example")])
    below = authority(above, "Below", san=("secret.example",))
    assert reasons(ask(leaf(below), [above, below], [ROOT])) == ["name-constraints"]
    rolled = authority(above, "Tight", 5, san=("secret.example",))
    assert ask(leaf(rolled), [above, rolled], [ROOT]).accepted


@pytest.mark.parametrize(
    "tree", [DNS(".shop.example"), MAIL._init_without_validation("a@b@shop.example"), URI("http://x/")], ids=str
)
def test_constraints_that_cannot_be_applied_reject(tree: x509.GeneralName) -> None:
    above = constrained([tree], [])
    assert reasons(ask(leaf(above), [above], [ROOT]))[0] == "malformed-name-constraints"


def test_empty_constraints_are_none() -> None:
    class Empty:
        permitted_subtrees = excluded_subtrees = None

    assert bad_constraints(Empty()) == "they are empty"  # type: ignore[arg-type]


def test_thousands_of_constraints_and_names_are_not_compared() -> None:
    many = [DNS(f"p{number}.example") for number in range(1200)]
    above = constrained(many, [])
    end = leaf(above, san_names=tuple(many))
    answer = ask(end, [above], [ROOT])
    assert reasons(answer) == ["too-complex"]


def test_constraints_without_critical_are_refused_only_by_the_strict_profile() -> None:
    constraints = x509.NameConstraints([DNS("shop.example")], None)
    above = authority(ROOT, "Soft", extra=((constraints, False),))
    assert ask(leaf(above), [above], [ROOT]).accepted
    strict = frozenset({"rfc5280-incompatible-with-webpki"})
    assert not ask(leaf(above), [above], [ROOT], features=strict).accepted


@pytest.mark.parametrize(
    ("presented", "wanted", "good"),
    [
        ("shop.example", "shop.example", True),
        ("SHOP.example", "shop.EXAMPLE", True),
        ("*.shop.example", "www.shop.example", True),
        ("*.shop.example", "shop.example", False),
        ("*.shop.example", "a.b.shop.example", False),
        ("*.example", "shop.example", False),
        ("w*.shop.example", "www.shop.example", False),
        ("*", "shop", False),
    ],
)
def test_hosts(presented: str, wanted: str, good: bool) -> None:
    assert host_matches(presented, wanted) is good


@pytest.mark.parametrize(
    ("san", "wanted", "good"),
    [
        (("shop.example",), "shop.example.", True),
        (("192.0.2.1",), "192.0.2.1", True),
        (("192.0.2.1",), "192.0.2.2", False),
        (("2001:db8::1",), "2001:db8:0::1", True),
        (("shop.example",), "192.0.2.1", False),
        (("a@shop.example", "shop.example"), "a@shop.EXAMPLE", True),
        (("a@shop.example", "shop.example"), "A@shop.example", False),
        (("other.example",), "shop.example", False),
    ],
)
def test_names_that_are_expected(san: tuple[str, ...], wanted: str, good: bool) -> None:
    answer = ask(leaf(ROOT, san=san), [], [ROOT], name=wanted)
    assert answer.accepted is good
    assert good or reasons(answer) == ["name-mismatch"]


def test_the_common_name_never_counts() -> None:
    assert reasons(ask(leaf(ROOT, san=None), [], [ROOT], name="shop.example")) == ["no-names"]


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_any_text_is_a_dns_name_or_not(text: str) -> None:
    if is_dns_name(text):
        assert text.isascii()
        assert not text.startswith((".", "-"))
