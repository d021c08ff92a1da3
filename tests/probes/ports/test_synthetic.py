"""Both engines and nmap agree on synthetic hosts. `make bench` does fifty of them; here a handful."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.probes.ports.synthetic import Host, differences, hosts
from tests.probes.ports.wire import Wire, missing, wire

pytestmark = [
    pytest.mark.root,
    pytest.mark.real,
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed"),
]


@pytest.fixture(scope="module")
def cable() -> Iterator[Wire]:
    with wire() as made:
        yield made


@pytest.mark.parametrize("host", list(hosts(4, seed=4)), ids=lambda host: f"{len(host.open_ports)} open")
def test_ours_and_nmap_agree(cable: Wire, host: Host) -> None:
    assert not differences(cable, host)
