"""What the console stands on: the store it reads, the service it speaks to, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from plugins.clock import Clock
from scheduler.desk import Desk
from scheduler.service import Service
from scheduler.store.store import Store
from scheduler.system import Contact, System


@dataclass(frozen=True)
class House:
    """Everything that a request may need."""

    store: Store
    """Where questions are answered."""
    desk: Desk
    """Where systems are registered."""
    service: Service
    """Where events go."""
    clock: Clock
    """The time."""
    new_id: Callable[[], str]
    """Gives ids for plans."""
    body: Contact
    """The review body; stands in every plan that names no other contacts."""
    refusal: Callable[[System], str]
    """Says which addresses of a system nobody has proven to control, and what to publish; empty: all are proven."""
    egress: tuple[str, ...] = ()
    """Addresses from which inspections come; every offer names them."""
    public_url: str = ""
    """Where the world reaches this console, `https://` and a name of the address that probes come from; empty: nowhere."""


def house_of(request: Request) -> House:
    """Give what the application stands on."""
    return cast("House", request.app.state.house)
