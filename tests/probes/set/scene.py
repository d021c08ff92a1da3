"""A merchant on a real socket, looked at and judged: what the tests of SET share."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aiohttp import web

from dashboards.demo.merchant.answer import GOOD, Fault, Merchant
from dashboards.demo.merchant.papers import (
    ACQUIRER_BIN,
    BRAND_ID,
    MERCHANT_ID,
    MERCHANT_NAME,
    Key,
    new_keys,
)
from dashboards.demo.merchant.server import PAGE, PATH, add_merchant
from probes.observation import Ending, ItemEnded, Observation
from probes.set.judge import judge
from probes.set.look import look
from probes.target import Item, Role, Scope, SetEndpoint, Target
from probes.verdict import Judgement, Outcome
from tests.fakes import LoopbackLeave
from tests.probes.scene import declared, dialer_for, recorder

ADDRESS = "127.46.0.1"


@cache
def keys() -> dict[str, Key]:
    """Everybody's keys; made once."""
    return new_keys()


def now() -> datetime:
    return datetime.now(UTC)


def merchant_with(fault: Fault = GOOD) -> Merchant:
    return Merchant(keys(), now(), secrets.token_bytes, fault)


@contextlib.asynccontextmanager
async def selling(fault: Fault = GOOD, address: str = ADDRESS) -> AsyncIterator[SetEndpoint]:
    """Run a merchant; give its end point as an honest operator declares it."""
    merchant = merchant_with(fault)
    base: list[str] = []
    app = web.Application()
    add_merchant(app, merchant, fault, now, lambda: base[0])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, 0).start()
        base.append(f"http://{address}:{runner.addresses[0][1]}")
        yield SetEndpoint(
            url=f"{base[0]}{PATH}",
            kind="SET",
            version="1.0",
            brand=BRAND_ID,
            bin="412345",
            roots=(merchant.root_pem,),
            initiation_url=f"{base[0]}{PAGE}",
            merchant_id=MERCHANT_ID,
            acquirer_bin=ACQUIRER_BIN,
            merchant_name=MERCHANT_NAME,
        )
    finally:
        await runner.cleanup()


def scope_of(*endpoints: SetEndpoint, addresses: tuple[str, ...] = (ADDRESS,)) -> Scope:
    target = Target(name="web", role=Role.WEB, addresses=addresses, ports=(declared(80, "http"),), set=endpoints)
    return Scope(target=target, items=(Item.SET,), tcp_ports=(), contact="mailto:body@example.org; order 12345678")


async def looked(scope: Scope, leave: LoopbackLeave | None = None) -> list[Observation]:
    """Look at a scope; give what was seen, with the item's end."""
    record = recorder()
    await look(scope, dialer_for(leave), record, None)
    record.saw(Item.SET, ItemEnded(ending=Ending.FINISHED))
    return record.observations


async def inspected(fault: Fault = GOOD, **changes: Any) -> Judgement:
    """Look at a merchant with a fault and judge it; `changes` make the declaration differ from the honest one."""
    async with selling(fault) as endpoint:
        scope = scope_of(replace(endpoint, **changes))
        return judge(scope, await looked(scope), None)


def said(judgement: Judgement) -> list[tuple[str, str]]:
    """Give rule and English title of every finding."""
    return sorted((finding.rule, finding.title.en) for finding in judgement.findings)


def outcomes(judgement: Judgement, *wanted: Outcome) -> set[str]:
    return {row.check for row in judgement.coverage if row.outcome in wanted}


def run_all(faults: Sequence[Fault]) -> dict[str, Judgement]:
    """Look at many merchants, one after the other, in one event loop."""

    async def each() -> dict[str, Judgement]:
        return {fault.name: await inspected(fault) for fault in faults}

    return asyncio.run(each())
