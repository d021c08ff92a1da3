"""Tokens by header: which schemes count where, and that rubbish is nobody."""

from __future__ import annotations

import base64

import pytest

from tests.dashboards.console.scene import Scene


def basic(password: str, user: str = "x") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_a_browser_may_give_the_token_as_a_password_for_the_page_only(scene: Scene) -> None:
    headers = basic(scene.tokens["shop"])
    assert scene.ask("", "GET", "/", headers=headers).status_code == 200
    assert scene.ask("shop", "GET", "/").status_code == 200
    # Browsers send Basic credentials by themselves, also when another site makes them ask: the API does not know them.
    assert scene.ask("", "GET", "/api/status", headers=headers).status_code == 401
    assert scene.ask("", "GET", "/").headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer .",
        "Bearer a.b",
        "Basic",
        "Basic !!!!",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(b"nocolon").decode(),
        "Digest x",
        "Bearer " + "x" * 10_000,
        "Bearer ' OR 1=1 --",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/status", "/metrics"])
def test_rubbish_is_nobody(scene: Scene, header: str, path: str) -> None:
    assert scene.ask("", "GET", path, headers={"authorization": header}).status_code == 401


def test_half_a_token_is_nobody(scene: Scene) -> None:
    token_id, _, secret = scene.tokens["body"].partition(".")
    other = scene.tokens["shop"].partition(".")[2]
    for token in (token_id, f"{token_id}.", f".{secret}", f"{token_id}.{other}", f"{token_id}.{secret}x"):
        response = scene.ask("", "GET", "/api/status", headers={"authorization": f"Bearer {token}"})
        assert response.status_code == 401, token


def test_health_needs_no_token_and_says_nothing(scene: Scene) -> None:
    response = scene.ask("", "GET", "/healthz")
    assert (response.status_code, response.text) == (200, "ok\n")


def test_the_store_holds_no_token(scene: Scene) -> None:
    for path in scene.folder.glob("a.db*"):
        data = path.read_bytes()
        for who in ("body", "shop", "monitor"):
            assert scene.tokens[who].partition(".")[2].encode() not in data
