"""What is planted in the control servers: for a few signatures, the server that their own transcripts remember.

known-bad   answers as the first `vulnerable` transcript of each planted signature
known-good  answers as the first `fixed` one: the same software, mended
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files

from plugins.ask import HttpAnswer
from plugins.template.rehearsal import Case, Kind, load_cases
from plugins.value import value
from probes.finding import Certainty


@value
class Plant:
    """One planted hole."""

    family: str
    """Folder of its signature."""
    id: str
    """Id of its signature."""
    certainty: Certainty
    """How sure the finding has to be."""


PLANTED = (
    # A file that nobody should see, shown by its content.
    Plant(family="exposure", id="git-repository-exposed", certainty=Certainty.VERIFIED),
    # A check in Python, which reads the front page and asks on from there.
    Plant(family="checks", id="backup-of-linked-script", certainty=Certainty.VERIFIED),
    # A version below the mended one, behind the product gate.
    Plant(family="strapi", id="CVE-2019-18818", certainty=Certainty.SUSPECTED),
)
"""What an inspection has to find on the known-bad server, and nothing else. Every pack has to hold these signatures."""
PRODUCT = (("x-powered-by", "Strapi <strapi.io>"),)
"""Headers of every page: they let the product gate open."""


def pages(kind: Kind) -> dict[str, HttpAnswer]:
    """Give the pages of a server by path: those of the first transcript of this kind of every planted signature."""
    return {
        exchange.path: HttpAnswer(
            status=exchange.answer.status, headers=(*exchange.answer.headers, *PRODUCT), body=exchange.answer.body
        )
        for plant in PLANTED
        for exchange in _case(plant, kind).exchanges
    }


def missing(ids: Collection[str]) -> tuple[str, ...]:
    """Name the planted signatures that are not among `ids`: with a pack that lacks one, the control of every run fails."""
    return tuple(plant.id for plant in PLANTED if plant.id not in ids)


@cache
def _case(plant: Plant, kind: Kind) -> Case:
    file = files("signatures") / plant.family / f"{plant.id}.transcripts.yaml"
    return next(case for case in load_cases(file.read_bytes(), file.name) if case.kind is kind)
