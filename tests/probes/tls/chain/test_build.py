"""Paths: found where there is one, bounded where somebody does not want it found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509

from probes.tls.chain import kinds
from probes.tls.chain.build import MOST_STEPS, build
from probes.tls.chain.certificate import Certificate
from tests.probes.tls.chain.asking import ask, question, reasons
from tests.tls.mint import AUTHORITY, CLIENT, DAY, NOW, SERVER, Holder, Wish, authority, key, leaf, mint, root, usage

ROOT = root()
MIDDLE = authority(ROOT)
OTHER = root("Other Root")


def test_a_good_chain_is_accepted() -> None:
    answer = ask(leaf(MIDDLE), [MIDDLE], [ROOT], name="shop.example")
    assert answer.accepted
    assert [certificate.shown.split(",")[0] for certificate in answer.way.path] == [
        "CN=shop.example",
        "CN=Test Intermediate",
        "CN=Test Root",
    ]


def test_order_and_strangers_in_what_was_sent_do_not_matter_for_the_path() -> None:
    second = authority(MIDDLE, "Second")
    assert ask(leaf(second), [OTHER, MIDDLE, second, ROOT], [ROOT], name="shop.example").accepted


@pytest.mark.parametrize(
    ("end", "sent", "anchors", "code", "about"),
    [
        (leaf(MIDDLE), [], [ROOT], "missing-issuer", "CN=shop.example"),
        (leaf(MIDDLE), [MIDDLE], [OTHER], "missing-issuer", "CN=Test Intermediate"),
        (leaf(MIDDLE), [MIDDLE, ROOT], [OTHER], "untrusted-root", "CN=Test Root"),
        (leaf(authority(ROOT, number=9)), [MIDDLE], [ROOT], "bad-signature", "CN=shop.example"),
    ],
    ids=["intermediate missing", "unknown root", "unknown root, sent", "another key"],
)
def test_where_the_way_ends_is_told(
    end: Holder, sent: Sequence[Holder], anchors: Sequence[Holder], code: str, about: str
) -> None:
    answer = ask(end, sent, anchors)
    assert reasons(answer) == [code]
    assert answer.reasons[0].name.startswith(about)


def test_a_self_signed_leaf_is_told_apart() -> None:
    alone = mint(Wish(), key("ec", 1))
    assert reasons(ask(alone, [], [ROOT], name="shop.example")) == ["self-signed"]


def test_a_leaf_that_is_an_anchor_needs_no_path() -> None:
    alone = leaf(MIDDLE)
    assert ask(alone, [], [alone]).accepted


class TestPathLength:
    """RFC 5280, 4.2.1.9 and 6.1.4 (l), (m)."""

    def test_as_many_as_allowed(self) -> None:
        first = authority(ROOT, "First", pathlen=1)
        second = authority(first, "Second", pathlen=0)
        assert ask(leaf(second), [first, second], [ROOT]).accepted

    def test_one_more(self) -> None:
        first = authority(ROOT, "First", pathlen=0)
        second = authority(first, "Second")
        assert reasons(ask(leaf(second), [first, second], [ROOT])) == ["path-length"]

    def test_it_may_grow_below_but_never_what_is_above(self) -> None:
        first = authority(ROOT, "First", pathlen=1)
        second = authority(first, "Second", pathlen=5)
        third = authority(second, "Third")
        assert ask(leaf(second), [first, second], [ROOT]).accepted
        assert reasons(ask(leaf(third), [first, second, third], [ROOT])) == ["path-length"]

    def test_that_of_the_root_counts(self) -> None:
        short = root("Short Root", pathlen=0)
        first = authority(short, "First")
        second = authority(first, "Second")
        assert ask(leaf(short), [], [short]).accepted
        assert reasons(ask(leaf(first), [first], [short])) == ["path-length"]
        assert reasons(ask(leaf(second), [first, second], [short])) == ["path-length"]

    def test_self_issued_ones_do_not_count(self) -> None:
        old = authority(ROOT, "Rolling", pathlen=0)
        new = mint(replace(AUTHORITY, subject="Rolling"), key("ec", 77), old)
        assert ask(leaf(new), [old, new], [ROOT]).accepted
        assert ask(leaf(new), [old, new], [ROOT], most_authorities=1).accepted

    @pytest.mark.parametrize(("most", "accepted"), [(0, False), (1, False), (2, True)])
    def test_the_depth_that_is_asked_for(self, most: int, accepted: bool) -> None:
        first = authority(ROOT, "First")
        second = authority(first, "Second")
        answer = ask(leaf(second), [first, second], [ROOT], most_authorities=most)
        assert answer.accepted is accepted
        assert accepted or reasons(answer) == ["too-deep"]

    def test_depth_0_allows_the_root_itself(self) -> None:
        assert ask(leaf(ROOT), [], [ROOT], most_authorities=0).accepted


class TestAuthorities:
    """RFC 5280, 6.1.4 (k) to (n): who may issue."""

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"ca": False}, "not-an-authority"),
            ({"ca": None}, "not-an-authority"),
            ({"bc_critical": False}, "criticality"),
            ({"ku": usage("crl_sign")}, "may-not-sign"),
            ({"ku": None}, "no-key-usage"),
            ({"eku": (CLIENT,)}, "purpose-of-authority"),
            ({"ski": False}, "key-identifiers"),
            ({"aki": False}, "key-identifiers"),
        ],
    )
    def test_an_intermediate(self, changes: dict[str, Any], code: str) -> None:
        wrong = authority(ROOT, "Wrong", **changes)
        answer = ask(leaf(wrong), [wrong], [ROOT])
        assert reasons(answer) == [code]
        assert "Wrong" in answer.reasons[0].name

    def test_purposes_of_authorities_chain(self) -> None:
        both = authority(ROOT, "Both", eku=(CLIENT, SERVER))
        assert ask(leaf(both), [both], [ROOT]).accepted

    def test_a_root_needs_no_key_usage(self) -> None:
        bare = root("Bare Root", ku=None)
        assert ask(leaf(bare), [], [bare]).accepted

    def test_the_form_of_a_vouched_root_is_somebody_else_s_matter(self) -> None:
        odd = root("Odd Root", ski=False)
        assert reasons(ask(leaf(odd), [], [odd])) == ["key-identifiers"]
        assert ask(leaf(odd), [], [odd], vouched=frozenset({Certificate(odd.der).fingerprint})).accepted


class TestChoosing:
    """RFC 4158: the first way need not be the right one."""

    def test_an_expired_cross_certificate_does_not_hide_the_good_way(self) -> None:
        cross = mint(
            replace(AUTHORITY, start=NOW - 9 * DAY, end=NOW - DAY),
            MIDDLE.key,
            OTHER,
        )
        for sent in ([cross, MIDDLE], [MIDDLE, cross]):
            assert ask(leaf(MIDDLE), sent, [ROOT, OTHER]).accepted

    def test_a_constrained_way_does_not_hide_the_free_one(self) -> None:
        tight = root("Tight Root", extra=((x509.NameConstraints([x509.DNSName("other.example")], None), True),))
        cross = mint(AUTHORITY, MIDDLE.key, tight)
        assert ask(leaf(MIDDLE), [cross, MIDDLE], [tight, ROOT]).accepted
        assert reasons(ask(leaf(MIDDLE), [cross], [tight])) == ["name-constraints"]

    def test_authorities_that_sign_each_other_are_no_trap(self) -> None:
        first, second = authority(ROOT, "First"), authority(ROOT, "Second")
        one = mint(replace(AUTHORITY, subject="First"), first.key, second)
        two = mint(replace(AUTHORITY, subject="Second"), second.key, first)
        assert reasons(ask(leaf(one), [one, two], [ROOT])) == ["loop"]
        assert ask(leaf(one), [one, two, second], [ROOT]).accepted


class TestBounded:
    """Chains that were made to explode path building."""

    def test_everybody_signs_everybody(self) -> None:
        names = [f"Crowd {number}" for number in range(12)]
        stranger = root("Stranger")
        each = {name: authority(stranger, name) for name in names}
        crowd = [
            mint(replace(AUTHORITY, subject=name), each[name].key, each[above])
            for name in names
            for above in names
            if name != above
        ]
        started = time.process_time()
        way = build(question(leaf(each["Crowd 0"]), crowd, [ROOT]))
        assert time.process_time() - started < 2
        assert not way.complete
        assert {flaw.kind for flaw in way.flaws} <= {kinds.TOO_COMPLEX, kinds.LOOP, kinds.TOO_DEEP}
        assert any(str(MOST_STEPS) in flaw.text.en or flaw.kind is not kinds.TOO_COMPLEX for flaw in way.flaws)

    @pytest.mark.parametrize("same_key", [True, False])
    def test_a_hundred_of_one_name(self, same_key: bool) -> None:
        wish = replace(AUTHORITY, subject="Same")
        chain = [mint(wish, key("ec", 1000))]
        for number in range(60):
            own = key("ec", 1000 if same_key else 1001 + number)
            chain.append(mint(wish, own, chain[-1]))
        started = time.process_time()
        way = build(question(leaf(chain[-1]), chain, [ROOT]))
        assert time.process_time() - started < 2
        assert not way.complete
