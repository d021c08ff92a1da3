"""Signatures against server programs that really read files: a naive one, and the library as it is today."""

from __future__ import annotations

import asyncio
import posixpath
from pathlib import Path

import pytest
from aiohttp import web as aio

from plugins.ask import WebEndpoint
from probes.holes.judge import judge
from probes.holes.look import look
from probes.observation import Ending, ItemEnded
from probes.target import Item
from probes.verdict import Outcome
from tests.pack import PACK
from tests.probes.holes.scene import inspected, scope_for
from tests.probes.holes.web import Web, pages, response
from tests.probes.scene import dialer_for, recorder

pytestmark = pytest.mark.skipif(
    not Path("/etc/os-release").is_file(), reason="this machine has no /etc/os-release to prove a traversal with"
)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("a")
    return tmp_path


async def test_a_server_whose_static_folder_can_be_left(static: Path) -> None:
    def page(_: str, target: str) -> bytes:
        path = Path(posixpath.normpath(f"{static}/{target.removeprefix('/static/')}"))
        if not target.startswith("/static/") or not path.is_file():
            return response("no such page", 404, server="Python/3.11 aiohttp/3.9.1")
        return response(path.read_bytes(), server="Python/3.11 aiohttp/3.9.1")

    assert (await inspected(pages(page))).rules == ["CVE-2024-23334"]


async def test_the_library_as_it_is_today_is_clean(static: Path) -> None:
    app = aio.Application()
    app.router.add_static("/static/", static, follow_symlinks=True, show_index=True)
    runner = aio.AppRunner(app)
    await runner.setup()
    await aio.TCPSite(runner, "127.0.0.7", 0).start()
    port = runner.addresses[0][1]
    endpoint = Web(WebEndpoint(address="127.0.0.7", port=port, tls=False, host="shop.example"))
    kept = recorder()
    try:
        await asyncio.wait_for(look(scope_for(endpoint), dialer_for(), kept, PACK), 30)
    finally:
        await runner.cleanup()
    kept.saw(Item.HOLES, ItemEnded(ending=Ending.FINISHED))
    judgement = judge(scope_for(endpoint), kept.observations, PACK)
    assert judgement.findings == ()
    assert {entry.outcome for entry in judgement.coverage} == {Outcome.CLEAN, Outcome.NOT_APPLICABLE}
