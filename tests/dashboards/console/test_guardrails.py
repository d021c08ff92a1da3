"""Bodies are bounded and every response carries its headers, whatever the application does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from dashboards.console.guardrails import HEADERS, MAX_BODY, Guardrails
from dashboards.console.problems import MEDIA_TYPE
from tests.dashboards.console.scene import Scene


@pytest.mark.parametrize("path", ["/healthz", "/api/status", "/nowhere", "/openapi.json"])
def test_every_response_carries_the_headers(scene: Scene, path: str) -> None:
    response = scene.ask("", "GET", path)
    for name, text in HEADERS:
        assert response.headers[name.decode()] == text.decode()


def test_a_defect_says_nothing_and_carries_the_headers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(scene.house.clock, "now", broken)
    response = scene.ask("body", "GET", "/api/status")
    assert (response.status_code, response.headers["content-type"]) == (500, MEDIA_TYPE)
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_body_that_says_it_is_too_large_is_not_read(scene: Scene) -> None:
    response = scene.ask("body", "POST", "/api/systems", content=b"x" * (MAX_BODY + 1))
    assert (response.status_code, response.headers["connection"]) == (413, "close")
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["cache-control"] == "no-store"


async def test_a_body_that_does_not_say_so_is_cut_too(scene: Scene) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    transport = httpx.ASGITransport(scene.app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {scene.tokens['body']}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://console", headers=headers) as client:
        response = await client.post("/api/systems", content=endless())
    assert response.status_code == 413
    assert sent <= MAX_BODY + 2 * 65_536


def test_the_largest_body_passes(scene: Scene) -> None:
    response = scene.ask("body", "POST", "/api/systems", content=b"#" * MAX_BODY)
    assert response.status_code == 422


def test_the_house_is_guarded(scene: Scene) -> None:
    assert isinstance(scene.app, Guardrails)
