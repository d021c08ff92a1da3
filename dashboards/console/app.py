"""The application: API, page, figures and health on one port."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response

from dashboards import metrics
from dashboards.console import access, api, page, probing, problems
from dashboards.console.guardrails import Guardrails
from dashboards.console.house import House, house_of
from scheduler.store.token import Principal
from scheduler.store.values import Figures

DESCRIPTION = """
The review body's side of an online inspection (オンライン検査): systems, plans, results.

Send `Authorization: Bearer TOKEN`. The review body registers, offers, counters, accepts, withdraws and stops; an operator counters,
accepts, declines and stops for its own system, and sees nothing else. Every error is `application/problem+json`.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(house: House, lifespan: Lifespan | None = None) -> Guardrails:
    """Give the application for a house; `lifespan` runs the loop beside it."""
    # The interactive pages of FastAPI load scripts from elsewhere; the document alone is enough for machines.
    app = FastAPI(
        title="Tenken", version="1", description=DESCRIPTION, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.state.house = house
    app.state.registry = metrics.registry(lambda: _figures(house), house.clock)
    app.include_router(api.router)
    app.include_router(page.router)
    app.include_router(probing.router)
    app.add_api_route("/healthz", health, methods=["GET"], response_class=Response, include_in_schema=False)
    app.add_api_route("/metrics", figures, methods=["GET"], response_class=Response, include_in_schema=False)
    problems.install(app)
    # Around everything, also around the answer to a defect, which middleware inside would not see.
    return Guardrails(app)


def health(house: Annotated[House, Depends(house_of)]) -> Response:
    """Say that the store answers. Needs no token and says nothing else."""
    with house.store.reading() as reading:
        reading.unfinished()
    return Response("ok\n", media_type="text/plain")


def figures(request: Request, _: Annotated[Principal, Depends(access.a_watcher)]) -> Response:
    """Give the figures in the text format of Prometheus."""
    return Response(metrics.text(request.app.state.registry), media_type=metrics.MEDIA_TYPE)


def _figures(house: House) -> Figures:
    with house.store.reading() as reading:
        return reading.figures()
