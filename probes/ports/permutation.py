"""Random order without a list: a walk through the multiplicative group of a prime visits every number once. Pure.

For n numbers, take the smallest prime p > n and a random generator g of its group; x, x*g, x*g^2, ... (mod p) runs through 1..p-1
in an order that looks random, and what is above n is left out. All 65,535 ports of one address need the Fermat prime 65,537
and three integers of memory. (The textbook way of Internet-wide scanners; group theory: every prime's group is cyclic.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

Below = Callable[[int], int]
"""Gives a random number from 0 to one less than its argument (`random.Random.randrange`)."""


def permuted(count: int, below: Below) -> Iterator[int]:
    """Give 0..count-1 once each, in a random order."""
    if count < 1:
        return
    prime = _prime_above(count)
    generator, start = _generator(prime, below), 1 + below(prime - 1)
    at = start
    while True:
        if at <= count:
            yield at - 1
        at = at * generator % prime
        if at == start:
            return


def _prime_above(number: int) -> int:
    candidate = number + 1
    while not _is_prime(candidate):
        candidate += 1
    return candidate


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def _generator(prime: int, below: Below) -> int:
    """Give a random generator of the group: its powers are 1 at no proper divisor of the group's order."""
    order = prime - 1
    factors = _prime_factors(order)
    first = below(order)
    for candidate in (1 + (first + step) % order for step in range(order)):
        if all(pow(candidate, order // factor, prime) != 1 for factor in factors):
            return candidate
    raise AssertionError(prime)  # every prime's group has a generator


def _prime_factors(number: int) -> frozenset[int]:
    found, divisor = set(), 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.add(divisor)
            number //= divisor
        divisor += 1
    return frozenset(found | ({number} if number > 1 else set()))
