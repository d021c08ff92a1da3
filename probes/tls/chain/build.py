"""Building a path from a leaf to a trust anchor (RFC 4158), and finding the best that there is when no path is good. Pure.

Every rule that one certificate lays on those below it (path length, name constraints, purposes) is applied while going up, so that
a way that cannot become good is left at once. Signatures are checked once per pair, every step is counted, and when the steps run
out the answer is "too complex": a chain that was made to explode costs some tenths of a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from probes.tls.chain import kinds
from probes.tls.chain.certificate import Certificate, NameKey, shown_name
from probes.tls.chain.constraints import TooManyError, constraints_of, forbidden
from probes.tls.chain.flaw import Flaw
from probes.tls.chain.policies import policy_trouble
from probes.tls.chain.profile import (
    Purpose,
    any_flaws,
    authority_flaws,
    date_flaws,
    issued_flaws,
    lacking,
    leaf_flaws,
)

MOST_AUTHORITIES = 10
"""Most authorities between leaf and anchor, unless the question says otherwise (self-issued ones do not count)."""
MOST_CERTIFICATES = 24
"""Most certificates of a path, whatever they are."""
MOST_STEPS = 4_000
"""Most candidates that are looked at in one search."""
MOST_SIGNATURES = 1_500
"""Most signatures that are checked in one search."""
MOST_WAYS = 24
"""Most complete paths with flaws that are compared."""


@dataclass(frozen=True)
class Question:
    """What is asked of a chain."""

    leaf: Certificate
    """The certificate in question."""
    sent: tuple[Certificate, ...]
    """Certificates that may help on the way."""
    anchors: tuple[Certificate, ...]
    """Trust anchors."""
    at: datetime
    """The moment."""
    purpose: Purpose = field(default_factory=Purpose)
    """What for."""
    most_authorities: int = MOST_AUTHORITIES
    """Most authorities between leaf and anchor."""
    features: frozenset[str] = frozenset()
    """Stricter profiles that are asked for."""
    vouched: frozenset[str] = frozenset()
    """Fingerprints of anchors whose form somebody else vouches for (Mozilla's programme): only their dates and what they demand of
    others is judged."""


@dataclass(frozen=True)
class Way:
    """What was found."""

    path: tuple[Certificate, ...]
    """Leaf first, anchor last when it is complete."""
    complete: bool
    """Whether it leads to an anchor."""
    flaws: tuple[Flaw, ...]
    """Everything that is wrong with it."""

    def good(self, features: frozenset[str]) -> bool:
        """Tell whether it can be trusted."""
        return self.complete and not any(flaw.rejects(features) for flaw in self.flaws)


class OutOfStepsError(Exception):
    """The search used up its steps."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class Builder:
    """One search."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._steps = self._signatures = 0
        self._signed: dict[tuple[str, bytes], bool] = {}
        self._own: dict[tuple[str, bool], tuple[Flaw, ...]] = {}
        self._pool: dict[NameKey, list[tuple[Certificate, bool]]] = {}
        self._too_deep = False
        for anchor in dict.fromkeys(question.anchors):
            self._pool.setdefault(anchor.subject, []).append((anchor, True))
        known = set(question.anchors)
        for certificate in dict.fromkeys(question.sent):
            if certificate not in known:
                self._pool.setdefault(certificate.subject, []).append((certificate, False))

    def build(self) -> Way:
        """Give a good path; when there is none, the best one with everything that is wrong with it."""
        leaf = self._leaf_flaws()
        if self._question.leaf in self._question.anchors:
            return Way((self._question.leaf,), True, leaf)
        try:
            return self._best(leaf)
        except (OutOfStepsError, TooManyError) as error:
            flaw = Flaw(kinds.TOO_COMPLEX, None, {"detail": str(error)})
            return Way((self._question.leaf,), False, (*leaf, flaw))

    def _best(self, leaf: tuple[Flaw, ...]) -> Way:
        for path, flaws in self._ways((self._question.leaf,), (), clean=True):
            return Way(path, True, (*leaf, *flaws))
        self._steps = 0
        best: Way | None = None
        for number, (path, flaws) in enumerate(self._ways((self._question.leaf,), (), clean=False), 1):
            way = Way(path, True, (*leaf, *flaws))
            if best is None or self._badness(way) < self._badness(best):
                best = way
            if number >= MOST_WAYS:
                break
        return best or self._no_way(leaf)

    def _badness(self, way: Way) -> tuple[int, int]:
        return sum(flaw.rejects(self._question.features) for flaw in way.flaws), len(way.path)

    def _leaf_flaws(self) -> tuple[Flaw, ...]:
        leaf, question = self._question.leaf, self._question
        flaws = [*any_flaws(leaf), *date_flaws(leaf, question.at), *leaf_flaws(leaf, question.purpose)]
        if leaf not in question.anchors:
            flaws += issued_flaws(leaf, question.purpose)
        return tuple(flaws)

    def _ways(
        self, path: tuple[Certificate, ...], flaws: tuple[Flaw, ...], *, clean: bool
    ) -> Iterator[tuple[tuple[Certificate, ...], tuple[Flaw, ...]]]:
        """Give complete paths, depth first; only those without any flaw when `clean`."""
        for issuer, anchor in self._candidates(path):
            more = self._flaws_of_step(path, issuer, anchor=anchor)
            if clean and any(flaw.rejects(self._question.features) for flaw in more):
                continue
            if not self._is_signed(path[-1], issuer):
                continue
            longer = (*path, issuer)
            if not anchor:
                yield from self._ways(longer, (*flaws, *more), clean=clean)
                continue
            why = policy_trouble(longer)
            ends = (*flaws, *more, *((Flaw(kinds.POLICIES, path[0], {"detail": why}),) if why else ()))
            if not (clean and why):
                yield longer, ends

    def _candidates(self, path: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, bool]]:
        here = path[-1]
        found = self._pool.get(here.issuer, ())
        wanted = here.issuer_key_id
        for candidate, anchor in sorted(found, key=lambda one: (not one[1], bool(wanted) and one[0].key_id != wanted)):
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise OutOfStepsError(f"more than {MOST_STEPS} steps")
            if any(_same_holder(candidate, passed) for passed in path):
                continue
            if not anchor and self._deep(path, candidate):
                self._too_deep = True
                continue
            yield candidate, anchor

    def _deep(self, path: tuple[Certificate, ...], candidate: Certificate) -> bool:
        counted = sum(not each.self_issued for each in (*path[1:], candidate))
        return counted > self._question.most_authorities or len(path) + 1 >= MOST_CERTIFICATES

    def _is_signed(self, certificate: Certificate, issuer: Certificate) -> bool:
        pair = certificate.fingerprint, issuer.spki
        if pair not in self._signed:
            self._signatures += 1
            if self._signatures > MOST_SIGNATURES:
                raise OutOfStepsError(f"more than {MOST_SIGNATURES} signatures")
            self._signed[pair] = certificate.signed_by(issuer)
        return self._signed[pair]

    def _flaws_of_step(self, path: tuple[Certificate, ...], issuer: Certificate, *, anchor: bool) -> tuple[Flaw, ...]:
        key = issuer.fingerprint, anchor
        if key not in self._own:
            self._own[key] = tuple(self._own_flaws(issuer, anchor=anchor))
        return (*self._own[key], *self._laid_on(path, issuer))

    def _own_flaws(self, issuer: Certificate, *, anchor: bool) -> Iterator[Flaw]:
        yield from date_flaws(issuer, self._question.at)
        if anchor and issuer.fingerprint in self._question.vouched:
            return
        yield from any_flaws(issuer)
        yield from authority_flaws(issuer, anchor=anchor)
        if not anchor:
            yield from issued_flaws(issuer, self._question.purpose)
            if missing := lacking(issuer, self._question.purpose):
                yield Flaw(kinds.PURPOSE_ABOVE, issuer, {"detail": missing})

    def _laid_on(self, path: tuple[Certificate, ...], issuer: Certificate) -> Iterator[Flaw]:
        """Give the breaches of what an issuer demands of the certificates below it."""
        allowed = issuer.ca.path_length if issuer.ca else None
        below = sum(not certificate.self_issued for certificate in path[1:])
        if allowed is not None and below > allowed:
            yield Flaw(kinds.PATH_LENGTH, issuer, {"allowed": str(allowed), "seen": str(below)})
        constraints = constraints_of(issuer)
        if constraints is None:
            return
        for number, certificate in enumerate(path):
            if number and certificate.self_issued:
                continue
            if name := forbidden(constraints, certificate):
                yield Flaw(kinds.NAME_CONSTRAINTS, issuer, {"detail": name})

    def _no_way(self, leaf: tuple[Flaw, ...]) -> Way:
        if self._too_deep:
            most = str(self._question.most_authorities)
            return Way((self._question.leaf,), False, (*leaf, Flaw(kinds.TOO_DEEP, None, {"most": most})))
        path, why = self._walk()
        flaws = [*leaf, *(flaw for part in path[1:] for flaw in self._own_flaws(part, anchor=False))]
        return Way(path, False, (*flaws, why))

    def _walk(self) -> tuple[tuple[Certificate, ...], Flaw]:
        """Walk up by names and signatures alone, and tell where the way ends."""
        path = [self._question.leaf]
        while True:
            here = path[-1]
            if here.self_issued and self._is_signed(here, here):
                return tuple(path), Flaw(kinds.UNTRUSTED if len(path) > 1 else kinds.SELF_SIGNED, here)
            named = [candidate for candidate, _ in self._pool.get(here.issuer, ()) if candidate != here]
            signers = [candidate for candidate in named if self._is_signed(here, candidate)]
            above = [one for one in signers if not any(_same_holder(one, passed) for passed in path)]
            if above:
                path.append(above[0])
                continue
            kind = kinds.LOOP if signers else kinds.BAD_SIGNATURE if named else kinds.MISSING
            return tuple(path), Flaw(kind, here, {"issuer": shown_name(here.issuer_name)})


def _same_holder(one: Certificate, other: Certificate) -> bool:
    """Whether two certificates are for the same name and key: a path that comes back to a holder goes in circles."""
    return one == other or (one.subject == other.subject and one.spki == other.spki)


def build(question: Question) -> Way:
    """Answer one question."""
    return Builder(question).build()


def distinct(flaws: Sequence[Flaw]) -> tuple[Flaw, ...]:
    """Say everything once."""
    return tuple({flaw.cause: flaw for flaw in flaws}.values())
