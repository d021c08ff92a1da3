"""The recorder: where the looking side puts its facts, so that nothing that was seen is lost when it is cut off."""

from __future__ import annotations

from collections.abc import Callable

from plugins.clock import Clock
from plugins.value import value
from probes.observation import Fact, Observation
from probes.target import Item
from probes.transcript import Transcript


@value
class Progress:
    """How far an item is."""

    server: str
    """Name of the declared server."""
    item: Item
    """Item that runs."""
    done: int
    """Checks, ports or asks done."""
    total: int
    """Of how many."""


class Recorder:
    """Takes facts and transcripts of one server, in the order in which they are seen."""

    def __init__(self, server: str, clock: Clock, on_progress: Callable[[Progress], None] = lambda _: None) -> None:
        self.server = server
        self.observations: list[Observation] = []
        self.transcripts: dict[str, Transcript] = {}
        self._clock = clock
        self._on_progress = on_progress

    def saw(self, item: Item, fact: Fact, *transcripts: Transcript) -> None:
        """Keep a fact together with the transcripts that show it."""
        digests = []
        for transcript in transcripts:
            digest = transcript.digest
            self.transcripts.setdefault(digest, transcript)
            digests.append(digest)
        self.observations.append(
            Observation(server=self.server, item=item, at=self._clock.now(), fact=fact, evidence=tuple(digests))
        )

    def progress(self, item: Item, done: int, total: int) -> None:
        """Tell how far an item is."""
        self._on_progress(Progress(server=self.server, item=item, done=done, total=total))
