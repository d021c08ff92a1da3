"""Quotas: how many signatures of each kind the corpus is to have, and what is there.

`signatures/quotas.yaml` files every product family under one category. It decides nothing about an inspection, so it is no
part of a pack and of its digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from plugins import strict_yaml
from plugins.pack import Pack, Signature
from plugins.strict_yaml import Problem, StrictYamlError
from plugins.template.sheet import Node
from plugins.value import value

FILE = "quotas.yaml"
"""Name of the table, at the top of the folder of signatures."""
KEV = "kev"
"""Tag of a hole that is in CISA's catalogue of known exploited vulnerabilities."""
MOST = 100_000
"""Largest quota."""

_TOTALS = ("signatures", "verified", KEV, "fingerprints")
_CATEGORY = ("name", "wanted", "families")


@value
class Category:
    """One kind of software, as a quota counts it."""

    name: str
    """Name for people."""
    wanted: int
    """Signatures that there are to be at least."""
    families: tuple[str, ...]
    """Product families that count for it."""


@value
class Quotas:
    """What the corpus is to hold."""

    signatures: int
    """Signatures in all, at least."""
    verified: int
    """Of them: shown by behaviour."""
    kev: int
    """Of them: known to be exploited."""
    fingerprints: int
    """Fingerprints, at least."""
    categories: tuple[Category, ...]
    """In the order of the file."""


@value
class Row:
    """One line of the table."""

    name: str
    """What is counted."""
    wanted: int
    """How many there are to be at least."""
    there: int
    """How many there are."""
    verified: int
    """Of them: shown by behaviour."""
    kev: int
    """Of them: known to be exploited."""

    @property
    def short(self) -> int:
        """How many are missing."""
        return max(0, self.wanted - self.there)


def load_quotas(text: bytes, source: str) -> tuple[Quotas, tuple[Problem, ...]]:
    """Read the table; give it and every mistake in it."""
    nothing = Quotas(signatures=0, verified=0, kev=0, fingerprints=0, categories=())
    try:
        document = strict_yaml.load(text, source, scalars="strings")
    except StrictYamlError as error:
        return nothing, error.problems
    problems: list[Problem] = []
    top = Node(document, problems)
    if not top.keys((*_TOTALS, "categories"), {}):
        return nothing, tuple(problems)
    signatures, verified, kev, fingerprints = (_number(top, key) for key in _TOTALS)
    listed = top.need("categories")
    return Quotas(
        signatures=signatures,
        verified=verified,
        kev=kev,
        fingerprints=fingerprints,
        categories=tuple(_categories(listed)) if listed else (),
    ), tuple(problems)


def _number(node: Node, key: str) -> int:
    found = node.need(key)
    return found.whole(0, MOST) if found else 0


def _categories(listed: Node) -> Iterator[Category]:
    filed: dict[str, str] = {}
    for node in listed.entries():
        if not node.keys(_CATEGORY, {}):
            continue
        name, families = node.need("name"), node.need("families")
        made = Category(
            name=name.text() if name else "",
            wanted=_number(node, "wanted"),
            families=families.listed() if families else (),
        )
        for family in made.families:
            if filed.setdefault(family, made.name) != made.name:
                node.blame(f"family {family[:60]!a} counts for {filed[family]}, too; it can count once", "families")
        yield made


def count(quotas: Quotas, pack: Pack) -> tuple[Row, ...]:
    """Give a row for every category, and then the totals."""
    rows = [
        _row(one.name, one.wanted, [each for each in pack.signatures if each.family in one.families])
        for one in quotas.categories
    ]
    verified = [one for one in pack.signatures if _is_verified(one)]
    kev = [one for one in pack.signatures if _is_kev(one)]
    return (
        *rows,
        _row("all", quotas.signatures, pack.signatures),
        _row("verified by behaviour", quotas.verified, verified),
        _row("known to be exploited (KEV)", quotas.kev, kev),
        Row(name="fingerprints", wanted=quotas.fingerprints, there=len(pack.fingerprints), verified=0, kev=0),
    )


def unfiled(quotas: Quotas, pack: Pack) -> tuple[str, ...]:
    """Give the product families that count for nothing."""
    filed = {family for one in quotas.categories for family in one.families}
    return tuple(sorted(Counter(one.family for one in pack.signatures).keys() - filed))


def _row(name: str, wanted: int, signatures: list[Signature] | tuple[Signature, ...]) -> Row:
    return Row(
        name=name,
        wanted=wanted,
        there=len(signatures),
        verified=sum(map(_is_verified, signatures)),
        kev=sum(map(_is_kev, signatures)),
    )


def _is_verified(signature: Signature) -> bool:
    return signature.template.inspection.certainty == "verified"


def _is_kev(signature: Signature) -> bool:
    return KEV in signature.template.tags
