"""What is known about every door, and the telling of it: one by one where it matters, in blocks for the masses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from probes.ports.engine import Field, Reply
from probes.ports.facts import PortBlock, PortState, State, SweepSeen
from probes.ports.listing import written
from probes.target import Transport

SINGLES = 512
"""Most undeclared open ports that are told one by one, at once."""
REFUSED = "Connection refused"
"""The usual words of a closed port, kept once instead of once per port."""
NO_ANSWER = "no answer"
_STATES = {
    Reply.OPEN: State.OPEN,
    Reply.CLOSED: State.CLOSED,
    Reply.UNREACHABLE: State.FILTERED,
    Reply.TROUBLE: State.UNKNOWN,
}


@dataclass(frozen=True)
class Outlet:
    """Where a sweep puts what it sees."""

    fact: Callable[[PortState | PortBlock | SweepSeen], None]
    """Takes a fact."""
    done: Callable[[int], None]
    """Takes the number of doors that need no further knock; never less than before."""


class Ledger:
    """One byte per door for what it said, one for whether that was told."""

    def __init__(self, doors: Field, declared: Iterable[int], outlet: Outlet) -> None:
        """`declared`: numbers of doors that are told one by one."""
        self.replies = bytearray(len(doors))
        self._doors, self._declared, self._outlet = doors, frozenset(declared), outlet
        self._told = bytearray(len(doors))
        self._details: dict[int, str] = {}
        self._singles = 0

    def put(self, number: int, reply: Reply, detail: str) -> None:
        """Enter what a door said; an open one is told at once, unless there are masses of them."""
        self.replies[number] = reply
        self._told[number] = False
        if detail and detail != REFUSED:
            self._details[number] = detail
        if reply == Reply.OPEN and (self._singles < SINGLES or number in self._declared):
            self._singles += 1
            self._told[number] = True
            self._tell_one(number, State.OPEN, "")

    def some(self, doors: range, reply: Reply, most: int) -> list[int]:
        """Give the first doors of a range that said this."""
        found: list[int] = []
        at = self.replies.find(reply, doors.start, doors.stop)
        while at >= 0 and len(found) < most:
            found.append(at)
            at = self.replies.find(reply, at + 1, doors.stop)
        return found

    @property
    def answered(self) -> int:
        """How many doors said something."""
        return len(self.replies) - self.replies.count(Reply.SILENCE)

    def tell_answers(self) -> None:
        """Tell what was said since the last time."""
        blocks: dict[tuple[int, int, str], list[int]] = {}
        for number, (reply, told) in enumerate(zip(self.replies, self._told, strict=True)):
            if told or not reply:
                continue
            self._told[number] = True
            detail = self._details.get(number, REFUSED if reply == Reply.CLOSED else "")
            if number in self._declared:
                self._tell_one(number, _STATES[Reply(reply)], detail)
            else:
                blocks.setdefault((number // len(self._doors.ports), reply, detail), []).append(number)
        for (which, reply, detail), numbers in blocks.items():
            self._tell_block(which, _STATES[Reply(reply)], detail, numbers)

    def tell_silence(self, which: int, disturbed: str) -> None:
        """Tell of the doors of an address that said nothing; `disturbed`: why that tells nothing about them."""
        state, detail = (State.UNKNOWN, disturbed) if disturbed else (State.FILTERED, NO_ANSWER)
        silent = [number for number in self._doors.of(which) if not self.replies[number]]
        for number in silent:
            if number in self._declared:
                self._tell_one(number, state, detail)
        if rest := [number for number in silent if number not in self._declared]:
            self._tell_block(which, state, detail, rest)

    def _tell_one(self, number: int, state: State, detail: str) -> None:
        address, port = self._doors.door(number)
        self._outlet.fact(PortState(address=address, port=port, transport=Transport.TCP, state=state, detail=detail))

    def _tell_block(self, which: int, state: State, detail: str, numbers: list[int]) -> None:
        ports = written(self._doors.door(number)[1] for number in numbers)
        address = self._doors.addresses[which]
        self._outlet.fact(PortBlock(address=address, transport=Transport.TCP, state=state, ports=ports, detail=detail))
