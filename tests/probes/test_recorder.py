"""The recorder keeps facts in order, with the time they were seen and the digests of what shows them."""

from __future__ import annotations

from dataclasses import replace

from probes.observation import Ending, ItemEnded
from probes.recorder import Progress, Recorder
from probes.target import Item
from tests.fakes import FakeClock
from tests.probes.test_transcript import ONE


def test_facts_are_kept_with_time_and_evidence() -> None:
    clock, told = FakeClock(), list[Progress]()
    recorder = Recorder("web-1", clock, told.append)
    recorder.saw(Item.PORTS, ItemEnded(ending=Ending.FINISHED), ONE, replace(ONE, port=81))
    clock.advance(1.5)
    recorder.saw(Item.TLS, ItemEnded(ending=Ending.STOPPED), ONE)
    recorder.progress(Item.TLS, 1, 2)
    first, second = recorder.observations
    assert (second.at - first.at).total_seconds() == 1.5
    assert first.evidence == (ONE.digest, replace(ONE, port=81).digest)
    assert second.evidence == (ONE.digest,)
    assert list(recorder.transcripts) == list(first.evidence)
    assert told == [Progress(server="web-1", item=Item.TLS, done=1, total=2)]
