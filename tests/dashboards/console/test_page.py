"""The page: what it shows, in which language, to whom, and what it never shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboards.console.page import choose, moment
from probes.ports.choice import MAX_PARTS
from tests.dashboards.console.scene import Scene, declaration, window


def test_the_page_shows_what_comes_what_was_decided_and_what_is_owed(scene: Scene) -> None:
    first, second = scene.agree(), scene.offer(window=window(12, 13))
    scene.say("shop", first["plan_id"], "stop", reason="spring <sale>")
    page = scene.ask("shop", "GET", "/?lang=en").text
    coming, decided = page.index('id="next"'), page.index('id="decided"')
    assert coming < page.index(second["plan_id"]) < decided < page.index(first["plan_id"])
    assert "outside the calendar" in page
    assert "waits for: Operator" in page
    assert "spring &lt;sale&gt;" in page
    assert "Hana &amp; sons" in page


def test_the_operator_sees_picked_ports_before_it_accepts(scene: Scene) -> None:
    scene.offer()
    assert "picked beside" not in scene.ask("shop", "GET", "/?lang=en").text
    longest = ",".join(f"{first}-{first + 1}" for first in range(60_000, 60_000 + 3 * MAX_PARTS, 3))
    scene.offer(ports=longest, window=window(3, 4))
    assert f"picked beside the declared TCP ports: {longest}" in scene.ask("shop", "GET", "/?lang=en").text
    assert longest in scene.ask("shop", "GET", "/?lang=ja").text


def test_the_page_speaks_both_languages(scene: Scene) -> None:
    assert '<html lang="ja">' in scene.ask("body", "GET", "/?lang=ja").text
    assert '<html lang="ja">' in scene.ask("body", "GET", "/", headers={"accept-language": "ja-JP,en;q=0.5"}).text
    assert '<html lang="en">' in scene.ask("body", "GET", "/?lang=xx").text


@pytest.mark.parametrize(
    ("asked", "accepted", "lang"),
    [("ja", "en", "ja"), ("", "fr, ja;q=0.8", "ja"), ("", "", "en"), ("JA-jp", "", "ja"), ("<b>", ";;,", "en")],
)
def test_the_language_is_chosen(asked: str, accepted: str, lang: str) -> None:
    assert choose(asked, accepted) == lang


def test_times_are_shown_in_utc_and_in_japan() -> None:
    assert moment(datetime(2026, 3, 2, 20, tzinfo=UTC)) == "2026-03-02 20:00:00 UTC (03-03 05:00 JST)"


def test_the_page_has_no_script_and_its_policy_allows_its_style_only(scene: Scene) -> None:
    response = scene.ask("body", "GET", "/")
    assert "<script" not in response.text
    assert "<form" not in response.text
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_an_operator_s_page_shows_nothing_of_others_and_no_token(scene: Scene) -> None:
    scene.agree()
    page = scene.ask("rival", "GET", "/").text
    assert "hana" not in page.lower()
    whole = scene.ask("body", "GET", "/").text
    assert all(token.partition(".")[2] not in whole for token in scene.tokens.values())


def test_what_people_wrote_cannot_break_the_page(scene: Scene) -> None:
    scene.register(declaration("hana", "Hana</title><script>alert(1)</script>"))
    offered = scene.offer()
    scene.say("shop", offered["plan_id"], "decline", reason="\u202egnp.exe")
    page = scene.ask("body", "GET", "/").text
    assert "<script" not in page
    assert "\u202e" not in page


def test_the_report_of_a_plan_is_shown_to_its_sides_only(scene: Scene) -> None:
    offered = scene.agree()
    path = f"/reports/{offered['plan_id']}"
    assert scene.ask("shop", "GET", path).status_code == 404
    scene.end(offered["plan_id"])
    report = scene.ask("shop", "GET", f"{path}?lang=ja")
    assert report.status_code == 200
    assert "申告されていないポートが開放されています。" in report.text
    assert report.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert f'href="reports/{offered["plan_id"]}?lang=en"' in scene.ask("body", "GET", "/?lang=en").text
    assert scene.ask("rival", "GET", path).status_code == 404
    assert scene.ask("", "GET", path).status_code == 401
