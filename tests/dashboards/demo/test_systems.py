"""What the operators of the demo declare is a declaration that the product accepts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dashboards.demo.ground import Ground
from dashboards.demo.servers import NoPortError, first_free
from dashboards.demo.shop import DECLARATION, start
from dashboards.demo.systems import SHOPS
from probes.target import Target
from scheduler.declaration import load_declaration


@pytest.mark.parametrize(("name", "first"), [("fail", 31), ("hang", 41)])
async def test_every_declaration_is_accepted(tmp_path: Path, name: str, first: int) -> None:
    """The passing system is left to the end-to-end test: its FTP server brings a thread that only its own process ends."""
    await start(name, tmp_path, Ground(network="127.0.77", first=first))
    system = load_declaration(tmp_path / DECLARATION)
    assert system.name == f"shop.{name}.example"
    assert system.targets[0].addresses == (f"127.0.77.{first}",)
    assert len(system.anchors) == 1
    assert _declares_only_high_ports(system.targets)


def _declares_only_high_ports(targets: tuple[Target, ...]) -> bool:
    """Anybody may start the demo; and no port lies where the kernel takes ports for outgoing connections."""
    return all(1024 < port.ports.first == port.ports.last < 32768 for target in targets for port in target.ports)


def test_the_systems_are_named_by_what_is_planted() -> None:
    assert all(shop.planted.name == name for name, shop in SHOPS.items())


async def test_the_next_port_is_taken_when_one_is_held() -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.77.1", 0) as holder:
        held = holder.sockets[0].getsockname()[1]
        tried: list[int] = []

        async def listen(port: int) -> None:
            tried.append(port)
            (await asyncio.start_server(lambda *_: None, "127.0.77.1", port)).close()

        with pytest.raises(NoPortError, match=rf"none of the ports {held} is free"):
            await first_free("127.0.77.1", [held], listen)
        assert await first_free("127.0.77.1", [held, 0], listen) == 0
        assert tried == [held, held, 0]


async def test_other_trouble_is_not_taken_for_a_held_port() -> None:
    async def listen(port: int) -> None:
        raise PermissionError(13, f"{port}")

    with pytest.raises(PermissionError):
        await first_free("127.0.77.1", [80], listen)
