"""Finds the path from a certificate to a declared root, or to the successor that a declared root announces. Pure.

Names and signatures alone lead the way; what else is wrong with a certificate of the path is judged elsewhere, so that every
fault has one finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from plugins.text import Text
from plugins.value import value
from probes.rule import Rule
from probes.set import causes, rules, unconfirmed
from probes.set.opinion import say
from probes.set.parts import Certificate
from probes.set.signing import issued

LONGEST = 8
"""Most certificates of a path; SET has five at most."""


@value
class Path:
    """A path that leads to a root."""

    certificates: tuple[Certificate, ...]
    """End entity first, root last."""

    @property
    def root(self) -> Certificate:
        """The root."""
        return self.certificates[-1]

    @property
    def brand(self) -> Certificate:
        """The certificate below the root: the brand's."""
        return self.certificates[-2]


@value
class NoPath:
    """There is none."""

    rule: Rule
    """The rule that is broken by that."""
    why: Text
    """Where the way ends."""


def find_path(
    leaf: Certificate, sent: Sequence[Certificate], roots: Sequence[Certificate], at: datetime
) -> Path | NoPath:
    """Walk up from `leaf`; where two certificates could stand above one, that which is valid at `at` is tried first."""
    return _Walk((*roots, *sent), roots, at).up((leaf,))


class _Walk:
    """One walk. A certificate from which no way leads to a root is not tried twice, so the walk is short whatever was sent."""

    def __init__(self, pool: Sequence[Certificate], roots: Sequence[Certificate], at: datetime) -> None:
        self._pool, self._roots, self._at = pool, roots, at
        self._dead: set[Certificate] = set()

    def up(self, way: tuple[Certificate, ...]) -> Path | NoPath:
        """Go on from the last certificate of `way`."""
        here = way[-1]
        if len(way) > 1 and is_root(here, self._roots):
            return Path(certificates=way)
        if here.subject.der == here.issuer.der and issued(here, here):
            return NoPath(rule=rules.ROOT, why=say(causes.UNKNOWN_ROOT, name=here.subject.shown))
        if len(way) > LONGEST:
            return NoPath(rule=rules.PATH, why=say(causes.ENDLESS, count=str(LONGEST)))
        failures = []
        for above in self._above(way):
            found = self.up((*way, above))
            if isinstance(found, Path):
                return found
            self._dead.add(above)
            failures.append(found)
        return failures[0] if failures else self._stuck(here)

    def _above(self, way: tuple[Certificate, ...]) -> list[Certificate]:
        named = [one for one in self._pool if one.subject.der == way[-1].issuer.der]
        right = [one for one in named if one not in way and one not in self._dead and issued(way[-1], one)]
        return sorted(right, key=lambda one: not one.not_before <= self._at <= one.not_after)

    def _stuck(self, here: Certificate) -> NoPath:
        named = any(one.subject.der == here.issuer.der and one != here for one in self._pool)
        cause = causes.BAD_SIGNATURE if named else causes.MISSING
        return NoPath(rule=rules.PATH, why=say(cause, name=here.issuer.shown, below=here.subject.shown))


def is_root(certificate: Certificate, roots: Sequence[Certificate]) -> bool:
    """Tell whether a certificate is a declared root, or the self-signed successor that a declared root announces."""
    if certificate in roots:
        return True
    announced = {root.next_root for root in roots if root.next_root}
    return unconfirmed.root_key_hash(certificate.public_key) in announced and issued(certificate, certificate)
