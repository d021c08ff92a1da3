"""Finds the path from a certificate to a declared root, or to the successor that a declared root announces. Pure.

Names and signatures alone lead the way; what else is wrong with a certificate of the path is judged elsewhere, so that every
fault has one finding.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def find_path(leaf: Certificate, sent: Sequence[Certificate], roots: Sequence[Certificate]) -> Path | NoPath:
    """Walk up from `leaf`."""
    way = [leaf]
    pool = [*roots, *sent]
    while len(way) <= LONGEST:
        here = way[-1]
        if len(way) > 1 and is_root(here, roots):
            return Path(certificates=tuple(way))
        if here.subject.der == here.issuer.der and issued(here, here):
            return NoPath(rule=rules.ROOT, why=say(causes.UNKNOWN_ROOT, name=here.subject.shown))
        named = [one for one in pool if one.subject.der == here.issuer.der and one not in way]
        above = next((one for one in named if issued(here, one)), None)
        if above is None:
            cause = causes.BAD_SIGNATURE if named else causes.MISSING
            return NoPath(rule=rules.PATH, why=say(cause, name=here.issuer.shown, below=here.subject.shown))
        way.append(above)
    return NoPath(rule=rules.PATH, why=say(causes.ENDLESS, count=str(LONGEST)))


def is_root(certificate: Certificate, roots: Sequence[Certificate]) -> bool:
    """Tell whether a certificate is a declared root, or the self-signed successor that a declared root announces."""
    if certificate in roots:
        return True
    announced = {root.next_root for root in roots if root.next_root}
    return unconfirmed.root_key_hash(certificate.public_key) in announced and issued(certificate, certificate)
