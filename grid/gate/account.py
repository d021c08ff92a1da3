"""The fallback of the gate: nftables by account or control group, in the host's own output path.

It holds ordinary sockets and raw IP sockets of a process that has no rights of its own. It does not see packet sockets (AF_PACKET),
which leave below it, and root can remove it: `docs/walls.md` says what that means.
"""

from __future__ import annotations

import secrets
from types import TracebackType
from typing import Self

from grid.gate import rules
from grid.gate.passage import Cap
from grid.gate.table import Counted, Table
from grid.permit import Permit
from plugins.clock import Clock

TOTAL_PACKETS_PER_S = 10_000.0
"""Packets per second over all orders of one account, unless told otherwise."""


class AccountWall:
    """A context manager; leaving it removes the rules."""

    def __init__(
        self, match: str, clock: Clock, *, namespace: str = "", total_packets_per_s: float = TOTAL_PACKETS_PER_S
    ) -> None:
        """`match`: `rules.by_uid` or `rules.by_cgroup`. `namespace`: where the process is, empty for the host's own."""
        self._match = match
        self._total = Cap.of("account", total_packets_per_s)
        self._table = Table("inet", f"tenken-{secrets.token_hex(3)}", clock, namespace)

    def __enter__(self) -> Self:
        self._table.apply(rules.account_table(self._table.name, self._match, self._total))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.remove()

    def open(self, permit: Permit, packets_per_s: float | None = None) -> None:
        """Let out what an opened order names, until its end; see `Table.open`."""
        self._table.open(permit, packets_per_s)

    def close(self, order_id: str) -> None:
        """Let nothing more out for an order, at once."""
        self._table.close(order_id)

    def counted(self) -> Counted:
        """Read what the kernel counted."""
        return self._table.counted()
