"""The merchant as an HTTP server: POST for messages, GET for the initiation message."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from dashboards.demo.merchant.answer import Fault, Merchant, Reply
from dashboards.demo.merchant.papers import BRAND_ID
from probes.set import unconfirmed

PATH, PAGE = "/set/payment", "/set/buy"
"""Paths of the SET URL and of the initiation page."""


def add_merchant(
    app: web.Application, merchant: Merchant, fault: Fault, now: Callable[[], datetime], base: Callable[[], str]
) -> None:
    """Let a web application sell by SET; `base` gives scheme and authority as its customers see them."""

    async def message(request: web.Request) -> web.StreamResponse:
        return await _sent(request, merchant.reply(await request.read(), now()))

    async def page(_: web.Request) -> web.Response:
        fields = {
            "SET-Initiation-Type": unconfirmed.INITIATION_KIND,
            unconfirmed.FIELD_URL: f"{base()}{PATH}",
            "SET-Success-URL": f"{base()}/done",
            unconfirmed.FIELD_VERSION: "1.0",
            unconfirmed.FIELD_LID_M: secrets.token_hex(8),
            unconfirmed.FIELD_BRAND: BRAND_ID,
        }
        fault.initiation(fields)
        media_type = fields.pop("", unconfirmed.INITIATION_TYPE)
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return web.Response(body=f"{text}\r\none tea cup\r\n".encode(), headers={"Content-Type": media_type})

    app.router.add_post(PATH, message)
    app.router.add_get(PAGE, page)


async def _sent(request: web.Request, reply: Reply) -> web.StreamResponse:
    headers = {**({"Content-Type": reply.media_type} if reply.media_type else {}), **reply.headers}
    if not reply.stalls:
        return web.Response(status=reply.status, body=reply.body, headers=headers)
    response = web.StreamResponse(status=reply.status, headers={**headers, "Content-Length": str(len(reply.body))})
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    await asyncio.Event().wait()  # until the client, or the end of the server, cancels it
    return response
