"""Sealing and opening orders: Ed25519 (RFC 8032) over canonical JSON (RFC 8785).

order --seal(key)--> sealed order ===> worker --open_order(trusted keys, clock)--> permit
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from grid import permit as permits
from grid.key import TrustedKeys, key_id, raw_public
from grid.order import Order
from grid.permit import Permit
from plugins import canonical
from plugins.clock import Clock
from plugins.value import value

_DOMAIN = b"tenken-order/1\n"
"""Separates these signatures from any other use of the same key."""


class SealError(Exception):
    """A sealed order that may not be opened."""

    def __init__(self, order_id: str, reason: str) -> None:
        super().__init__(order_id, reason)
        self.order_id, self.reason = order_id, reason

    def __str__(self) -> str:
        return f"order {self.order_id or '(unreadable)'}: {self.reason}"


@value
class SealedOrder:
    """What crosses to the side that faces the Internet."""

    order: bytes
    """Canonical JSON of the `Order`."""
    key_id: str
    """Which key signed it."""
    signature: bytes
    """Ed25519 signature, 64 bytes."""


def seal(order: Order, key: Ed25519PrivateKey) -> SealedOrder:
    """Sign an order."""
    data = canonical.dumps(order)
    return SealedOrder(order=data, key_id=key_id(raw_public(key.public_key())), signature=key.sign(_DOMAIN + data))


def read_order(sealed: SealedOrder, trusted: TrustedKeys) -> Order:
    """Give the order of a seal that one of `trusted` made, whatever the time is; raises `SealError`."""
    public = trusted.get(sealed.key_id)
    if public is None:
        raise SealError("", f"signed by key {sealed.key_id}, which is not trusted here")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(sealed.signature, _DOMAIN + sealed.order)
    except InvalidSignature:
        raise SealError(
            "", f"the signature of key {sealed.key_id} does not fit the bytes: the order was changed"
        ) from None
    try:
        order = canonical.loads(Order, sealed.order)
    except canonical.NotCanonicalError as error:
        raise SealError("", str(error)) from None
    if canonical.dumps(order) != sealed.order:
        raise SealError(order.order_id, "the bytes are not canonical JSON")
    return order


def open_order(sealed: SealedOrder, trusted: TrustedKeys, clock: Clock) -> Permit:
    """Open a sealed order inside its window; raises `SealError`."""
    order = read_order(sealed, trusted)
    now = clock.now()
    if not order.window.holds(now):
        raise SealError(order.order_id, f"window {order.window} does not hold {now:%Y-%m-%dT%H:%M:%SZ}")
    return Permit(order, clock, permits._ROAD)  # noqa: SLF001 - the one road on which a permit comes into being
