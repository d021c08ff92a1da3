"""Names in certificates by RFC 9525."""

from __future__ import annotations

import pytest

from probes.tls.names import holds, names_of
from tests.pki import Pki


@pytest.mark.parametrize(
    ("presented", "wanted", "held"),
    [
        (("shop.example",), "shop.example", True),
        (("SHOP.Example",), "shop.example.", True),
        (("other.example", "shop.example"), "shop.example", True),
        (("*.shop.example",), "www.shop.example", True),
        (("*.shop.example",), "shop.example", False),
        (("*.shop.example",), "a.www.shop.example", False),
        (("w*.shop.example",), "www.shop.example", False),
        (("www.*.example",), "www.shop.example", False),
        (("*.example",), "shop.example", False),
        (("*",), "example", False),
        (("*.shop.example",), "*.shop.example", True),
        (("*.0.2.1",), "192.0.2.1", False),
        (("192.0.2.1",), "192.0.2.1", True),
        (("2001:db8::1",), "2001:0db8:0::1", True),
        (("shop.example",), "192.0.2.1", False),
        ((), "shop.example", False),
    ],
)
def test_a_name_is_held_or_not(presented: tuple[str, ...], wanted: str, held: bool) -> None:
    assert holds(presented, wanted) is held


def test_names_come_from_the_subject_alternative_name_only() -> None:
    pki = Pki()
    names = ("shop.example", "192.0.2.1")
    assert names_of(pki.leaf(None, names).certificate) == names
    assert names_of(pki.leaf(None, (), subject="shop.example").certificate) == ()
