"""Evidence on disk: what goes in comes out, and changes are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from grid.evidence import EvidenceError, EvidenceFolder, read_keys, read_observations, read_sealed, read_transcript
from grid.key import trusted
from grid.report import Report
from grid.seal import read_order, seal
from probes.observation import Ending, ItemEnded, Observation
from probes.ports.facts import PortState, State
from probes.tally import Tally
from probes.target import Item, Transport
from probes.transcript import Direction, Passage, Transcript
from tests.grid.orders import START, make_order

KEY = Ed25519PrivateKey.generate()
TRANSCRIPT = Transcript(
    server="web-1",
    address="127.0.7.1",
    port=8080,
    tls=False,
    started=START,
    passages=(Passage(direction=Direction.RECEIVED, data=b"\x00\xff</script>"),),
)
OPEN = PortState(address="127.0.7.1", port=8080, transport=Transport.TCP, state=State.OPEN)
SEEN = Observation(server="web-1", item=Item.PORTS, at=START, fact=OPEN, evidence=(TRANSCRIPT.digest,))
ENDED = Observation(server="web-1", item=Item.PORTS, at=START, fact=ItemEnded(ending=Ending.FINISHED))


def report(*observations: Observation, transcripts: tuple[Transcript, ...] = ()) -> Report:
    return Report(
        order_id="o1",
        server="web-1",
        worker_pid=1,
        node="n",
        at=START,
        observations=observations,
        transcripts=transcripts,
        tally=Tally(),
        remaining_s=1.0,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    evidence = EvidenceFolder(tmp_path)
    evidence.order(seal(make_order(), KEY), trusted(KEY))
    evidence.took(report(SEEN, transcripts=(TRANSCRIPT,)))
    evidence.took(report(ENDED))
    evidence.close()
    return tmp_path


def test_everything_comes_back(folder: Path) -> None:
    assert list(read_observations(folder, "web-1")) == [SEEN, ENDED]
    assert read_transcript(folder, "web-1", TRANSCRIPT.digest) == TRANSCRIPT
    assert read_keys(folder) == trusted(KEY)
    (sealed,) = read_sealed(folder)
    assert read_order(sealed, read_keys(folder)) == make_order()
    assert not list(folder.rglob("*.part"))


def test_a_changed_transcript_is_named(folder: Path) -> None:
    path = folder / "web-1" / f"{TRANSCRIPT.digest}.json"
    path.write_bytes(path.read_bytes().replace(b'"port":8080', b'"port":8081'))
    with pytest.raises(EvidenceError, match="the file was changed"):
        read_transcript(folder, "web-1", TRANSCRIPT.digest)


def test_a_torn_line_is_named_with_its_number(folder: Path) -> None:
    path = folder / "web-1" / "observations.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(EvidenceError, match=r"observations\.jsonl:2"):
        list(read_observations(folder, "web-1"))


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "A", "a" * 64])
def test_a_server_name_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceError, match="not a server name"):
        EvidenceFolder(tmp_path).observed(name, (SEEN,))
