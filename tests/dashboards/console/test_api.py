"""The API as both sides use it: what follows, who may, and how a refusal reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.console.app import create_app
from dashboards.console.problems import MEDIA_TYPE
from grid.audit import Action
from scheduler.dialogue import SpecialReason
from scheduler.negotiation import Phase
from tests.dashboards.console.scene import Scene, declaration, window


def test_registering_gives_the_operator_s_token_once(scene: Scene) -> None:
    first = scene.register(declaration("neko", "Neko", "127.0.0.3"))
    assert first.status_code == 201
    assert first.json()["system"]["servers"] == ["web"]
    assert first.json()["operator_token"]
    assert scene.register(declaration("neko", "Neko", "127.0.0.3")).json()["operator_token"] == ""
    again = scene.ask("body", "POST", "/api/systems/neko/token")
    assert again.status_code == 201
    assert again.json()["token"] != first.json()["operator_token"]


def test_a_wrong_declaration_is_refused_with_every_mistake(scene: Scene) -> None:
    response = scene.register(declaration().replace("role: web", "role: cat").replace("port: 80", "port: 99999"))
    assert (response.status_code, response.headers["content-type"]) == (422, MEDIA_TYPE)
    assert len(response.json()["mistakes"]) == 2
    assert scene.ask("body", "POST", "/api/systems", content=b"\xff\xfe").status_code == 422


def test_an_offer_takes_what_it_does_not_say_from_the_declaration(scene: Scene) -> None:
    offered = scene.offer()
    assert offered["items"] == ["ports", "tls", "set", "holes"]
    assert offered["pace"]["connections_per_s"] == 20
    assert [contact["organisation"] for contact in offered["contacts"]] == ["Hana Shop", "Review body"]
    assert (offered["phase"], offered["awaits"], offered["in_calendar"]) == ("offered", ["operator"], True)


def test_a_preliminary_inspection_is_offered_with_its_item(scene: Scene) -> None:
    offered = scene.offer(kind="preliminary")
    assert (offered["kind"], offered["items"]) == ("preliminary", ["hosts"])


def test_offer_counter_accept(scene: Scene) -> None:
    offered = scene.offer()
    slower = {"connections_per_s": 1.0, "requests_per_s": 1.0, "concurrent_connections": 1, "bytes_per_s": 1000}
    countered = scene.say("shop", offered["plan_id"], "counter", window=window(3, 4), pace=slower)
    assert countered.status_code == 200, countered.text
    assert countered.json()["awaits"] == ["review-body"]
    assert countered.json()["items"] == offered["items"]
    stale = scene.say("body", offered["plan_id"], "accept", digest=offered["digest"])
    assert (stale.status_code, stale.json()["type"]) == (409, "tag:tenken.example,2026:problem/negotiation")
    agreed = scene.say("body", offered["plan_id"], "accept", digest=countered.json()["digest"])
    assert (agreed.json()["phase"], agreed.json()["pace"]) == ("agreed", {**slower, "packets_per_s": 0.0})
    log = scene.ask("shop", "GET", f"/api/plans/{offered['plan_id']}/log").json()
    assert [(entry["event"]["kind"], entry["event"]["by"]) for entry in log] == [
        ("offered", "review-body"),
        ("countered", "operator"),
        ("accepted", "review-body"),
    ]


def test_the_ports_that_the_review_body_picks_are_read_countered_and_agreed(scene: Scene) -> None:
    assert scene.offer(window=window(3, 4))["ports"] == "declared"
    offered = scene.offer(ports="1-1024, 8080")
    assert scene.ask("shop", "GET", f"/api/plans/{offered['plan_id']}").json()["ports"] == "1-1024,8080"
    fewer = scene.say("shop", offered["plan_id"], "counter", ports="22").json()
    assert (fewer["ports"], fewer["awaits"]) == ("22", ["review-body"])
    later = scene.say("shop", offered["plan_id"], "counter", window=window(2, 3)).json()
    assert later["ports"] == "22"
    agreed = scene.say("body", offered["plan_id"], "accept", digest=later["digest"]).json()
    assert (agreed["phase"], agreed["ports"]) == ("agreed", "22")
    assert any("ports=22" in note for *_, note in scene.notes.entries)


def test_ports_without_the_item_that_looks_at_them_are_refused(scene: Scene) -> None:
    form = {"system": "hana", "window": window(1, 2), "kind": "preliminary", "ports": "all"}
    refused = scene.ask("body", "POST", "/api/plans", json=form)
    assert refused.status_code in {409, 422}
    assert "add the item, or pick none" in refused.text


def test_hours_outside_the_calendar_need_the_operator_s_word(scene: Scene) -> None:
    offered = scene.offer(window=window(12, 13))
    assert not offered["in_calendar"]
    refused = scene.say("shop", offered["plan_id"], "accept", digest=offered["digest"])
    assert refused.status_code == 422
    assert refused.json()["objections"][0]["field"] == "window"
    agreed = scene.say("shop", offered["plan_id"], "accept", digest=offered["digest"], outside_calendar=True)
    assert agreed.json()["phase"] == "agreed"


def test_a_spot_inspection_is_declined_with_a_special_reason_only(scene: Scene) -> None:
    offered = scene.offer(kind="spot")
    refused = scene.say("shop", offered["plan_id"], "decline", reason="no time")
    assert refused.status_code == 409
    assert "special reason" in refused.json()["expected"]
    declined = scene.say("shop", offered["plan_id"], "decline", reason="spring sale", special="peak-business")
    assert (declined.json()["phase"], declined.json()["reason"]) == ("declined", "peak-business: spring sale")


def test_withdraw_and_stop(scene: Scene) -> None:
    first, second = scene.agree(), scene.agree(window=window(3, 4))
    assert scene.say("body", first["plan_id"], "withdraw", reason="moved").json()["phase"] == "withdrawn"
    assert scene.say("shop", second["plan_id"], "stop", reason="sale").json()["phase"] == "stopped"
    debts = scene.ask("shop", "GET", "/api/status").json()["debts"]
    assert [(debt["item"], debt["reason"]) for debt in debts] == [
        (item, "stopped by the operator: sale") for item in second["items"]
    ]


def test_the_pace_is_never_above_the_declared_one(scene: Scene) -> None:
    fast = {"connections_per_s": 21.0, "requests_per_s": 1.0, "concurrent_connections": 1, "bytes_per_s": 1000}
    response = scene.ask("body", "POST", "/api/plans", json={"system": "hana", "window": window(1, 2), "pace": fast})
    assert response.status_code == 422
    assert response.json()["objections"][0]["expected"] == "above 0 and at most 20 (declared)"


def test_packets_are_bounded_like_the_rest_and_stay_so_when_a_counter_does_not_name_them(scene: Scene) -> None:
    pace = {"connections_per_s": 9.0, "requests_per_s": 9.0, "concurrent_connections": 9, "bytes_per_s": 100_000}
    plan_id = scene.offer(pace={**pace, "packets_per_s": 150.0})["plan_id"]
    countered = scene.say("shop", plan_id, "counter", pace={**pace, "requests_per_s": 2.0})
    assert countered.json()["pace"]["packets_per_s"] == 150
    few = scene.say("shop", plan_id, "counter", pace={**pace, "packets_per_s": 5.0})
    assert (few.status_code, "at least 100" in few.text) == (422, True)
    many = scene.say("shop", plan_id, "counter", pace={**pace, "packets_per_s": 5000.0})
    assert (many.status_code, "pace.packets_per_s" in many.text) == (422, True)


def test_status_and_result(scene: Scene) -> None:
    offered = scene.agree()
    plan_id = offered["plan_id"]
    missing = scene.ask("shop", "GET", f"/api/plans/{plan_id}/result")
    assert (missing.status_code, "there is no result" in missing.json()["detail"]) == (404, True)
    other = scene.agree(window=window(2, 3))
    scene.begin(plan_id)
    running = scene.ask("shop", "GET", "/api/status").json()
    assert [(plan["plan_id"], plan["inspection"]["outcome"]) for plan in running["now"]] == [(plan_id, "running")]
    scene.end(other["plan_id"])
    plan_id = other["plan_id"]
    body = scene.ask("shop", "GET", f"/api/plans/{plan_id}/result").json()
    assert (body["format"], body["verdict"]["standing"]) == ("tenken-result/1", "fail")
    decided = scene.ask("body", "GET", "/api/status").json()["decided"]
    assert [(plan["phase"], plan["inspection"]["outcome"]) for plan in decided] == [("ended", "fail")]


def test_an_operator_sees_its_own_system_only(scene: Scene) -> None:
    mine = scene.agree()
    assert [each["name"] for each in scene.ask("rival", "GET", "/api/systems").json()] == ["tori"]
    assert [each["name"] for each in scene.ask("body", "GET", "/api/systems").json()] == ["hana", "tori"]
    assert scene.ask("rival", "GET", "/api/plans").json() == []
    assert len(scene.ask("shop", "GET", "/api/plans").json()) == 1
    assert scene.ask("rival", "GET", "/api/status").json()["next"] == []
    reads = [f"/api/plans/{mine['plan_id']}{rest}" for rest in ("", "/log", "/result")]
    for path in ("/api/systems/hana", *reads):
        assert scene.ask("rival", "GET", path).status_code == 404, path
    for what in ("counter", "accept", "decline", "withdraw", "stop"):
        form = {"digest": mine["digest"]} if what == "accept" else {"reason": "x"} if what != "counter" else {}
        response = scene.say("rival", mine["plan_id"], what, **form)
        assert response.status_code == 404, what
        assert response.json()["detail"] == f"plan {mine['plan_id']}: there is none of this id"


def test_each_role_does_its_own_part(scene: Scene) -> None:
    offered = scene.offer()
    for who in ("shop", "monitor"):
        assert scene.ask(who, "POST", "/api/systems", content=declaration()).status_code == 403
        assert scene.ask(who, "POST", "/api/systems/hana/token").status_code == 403
        assert scene.ask(who, "POST", "/api/plans", json={"system": "hana", "window": window(1, 2)}).status_code == 403
    assert scene.ask("monitor", "GET", "/api/status").status_code == 403
    assert scene.ask("monitor", "GET", "/").status_code == 403
    assert scene.ask("shop", "GET", "/metrics").status_code == 403
    assert scene.say("shop", offered["plan_id"], "withdraw", reason="mine").status_code == 409
    assert scene.say("body", offered["plan_id"], "accept", digest=offered["digest"]).status_code == 409


PATHS = [
    ("GET", "/api/systems"),
    ("POST", "/api/systems"),
    ("GET", "/api/systems/hana"),
    ("POST", "/api/systems/hana/token"),
    ("GET", "/api/plans"),
    ("POST", "/api/plans"),
    ("GET", "/api/plans/p1"),
    ("GET", "/api/plans/p1/log"),
    ("GET", "/api/plans/p1/result"),
    *(("POST", f"/api/plans/p1/{what}") for what in ("counter", "accept", "decline", "withdraw", "stop", "pace")),
    ("POST", "/api/systems/hana/stop"),
    ("POST", "/api/stop"),
    ("GET", "/api/status"),
    ("GET", "/metrics"),
    ("GET", "/"),
]


@pytest.mark.parametrize("who", ["", "nobody"])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nothing_is_shown_or_done_without_a_token(scene: Scene, who: str, method: str, path: str) -> None:
    response = scene.ask(who, method, path, json={} if method == "POST" else None)
    assert (response.status_code, response.headers["content-type"]) == (401, MEDIA_TYPE)
    assert "www-authenticate" in response.headers
    assert "hana" not in response.text


def test_the_paths_above_are_all_of_them(scene: Scene) -> None:
    document = scene.ask("", "GET", "/openapi.json").json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    asked = {(m, p.replace("/hana", "/{name}").replace("/p1", "/{plan_id}")) for m, p in PATHS}
    assert asked - described == {("GET", "/metrics"), ("GET", "/")}
    assert described <= asked


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"system": "hana"}, "window"),
        ({"system": "hana", "window": {"start": 0, "end": 1}}, "window.start"),
        ({"system": "hana", "window": {"start": "2026-03-02T01:00:00", "end": "2026-03-02T02:00:00Z"}}, "window.start"),
        ({"system": "hana", "window": window(1, 2), "speed": 9}, "speed"),
        ({"system": "hana", "window": window(1, 2), "items": []}, "items"),
        ({"system": "hana", "window": window(1, 2), "items": ["ping"]}, "items.0"),
        ({"system": "hana", "window": window(1, 2), "trouble": "\x1b[2J"}, "trouble"),
        ({"system": "hana", "window": window(1, 2), "pace": {"connections_per_s": "20"}}, "pace.connections_per_s"),
        ({"system": "hana", "window": window(1, 2), "kind": "surprise"}, "kind"),
        ({"system": "hana", "window": window(1, 2), "ports": "1-70000"}, "ports"),
        ({"system": "hana", "window": window(1, 2), "ports": [22]}, "ports"),
        ({"system": "hana", "window": window(1, 2), "ports": ",".join(["22"] * 51)}, "ports"),
        ([], "body"),
    ],
)
def test_a_form_that_is_not_as_expected_names_the_field(scene: Scene, form: object, field: str) -> None:
    response = scene.ask("body", "POST", "/api/plans", json=form)
    assert (response.status_code, response.headers["content-type"]) == (422, MEDIA_TYPE)
    assert field in [mistake["field"] for mistake in response.json()["mistakes"]]


def test_a_window_that_ends_before_it_starts_is_refused(scene: Scene) -> None:
    response = scene.ask("body", "POST", "/api/plans", json={"system": "hana", "window": window(2, 1)})
    assert (response.status_code, "must end after it starts" in response.text) == (422, True)
    offered = scene.offer()
    assert scene.say("shop", offered["plan_id"], "counter", window=window(2, 1)).status_code == 422


def test_nothing_is_offered_for_an_address_that_nobody_has_proven(scene: Scene) -> None:
    assert scene.register(declaration("far", "Far", "8.8.8.8")).status_code == 201
    response = scene.ask("body", "POST", "/api/plans", json={"system": "far", "window": window(1, 2)})
    assert (response.status_code, response.json()["type"]) == (409, "tag:tenken.example,2026:problem/proof")
    assert "8.8.8.8" in response.json()["detail"]


def test_nothing_is_offered_off_loopback_before_it_is_said_where_we_come_from(scene: Scene) -> None:
    assert scene.register(declaration("far", "Far", "8.8.8.8")).status_code == 201
    scene.house = replace(scene.house, refusal=lambda _: "")
    scene.app = create_app(scene.house)
    response = scene.ask("body", "POST", "/api/plans", json={"system": "far", "window": window(1, 2)})
    assert (response.status_code, response.json()["type"]) == (409, "tag:tenken.example,2026:problem/egress")
    scene.app = create_app(replace(scene.house, egress=("192.0.2.1", "2001:db8::1")))
    offered = scene.ask("body", "POST", "/api/plans", json={"system": "far", "window": window(1, 2)}).json()
    assert offered["egress"] == ["192.0.2.1", "2001:db8::1"]


def test_where_we_come_from_is_agreed_with_the_plan(scene: Scene) -> None:
    offered = scene.offer()
    scene.app = create_app(replace(scene.house, egress=("192.0.2.1",)))
    second = scene.offer()
    assert (offered["egress"], second["egress"]) == ([], ["192.0.2.1"])
    countered = scene.say("shop", second["plan_id"], "counter", trouble="Call.").json()
    assert countered["egress"] == ["192.0.2.1"]
    with scene.store.reading() as reading:
        held = reading.negotiation(second["plan_id"])
    assert held is not None
    assert replace(held.plan, egress=("192.0.2.2",)).digest != held.plan.digest


def test_what_cannot_be_logged_does_not_happen_and_is_a_problem(scene: Scene) -> None:
    scene.notes.full = True
    for response in (
        scene.register(declaration("neko", "Neko", "127.0.0.9")),
        scene.ask("body", "POST", "/api/plans", json={"system": "hana", "window": window(1, 2)}),
    ):
        assert (response.status_code, response.headers["content-type"]) == (503, MEDIA_TYPE)
        assert response.json()["type"] == "tag:tenken.example,2026:problem/audit"
        assert "audit log cannot be written" in response.json()["detail"]
    assert scene.ask("body", "GET", "/api/plans").json() == []
    scene.notes.full = False
    plan_id = scene.agree()["plan_id"]
    scene.begin(plan_id)
    scene.notes.full = True
    assert scene.say("shop", plan_id, "pace", share=0.5, reason="sale").status_code == 503
    assert scene.ask("shop", "GET", f"/api/plans/{plan_id}").json()["share"] == 1.0


def test_a_stop_that_cannot_be_logged_stops_and_says_so(scene: Scene) -> None:
    plan_id = scene.agree()["plan_id"]
    scene.begin(plan_id)
    scene.notes.full = True
    stopped = scene.say("shop", plan_id, "stop", reason="smoke")
    assert (stopped.status_code, stopped.json()["phase"]) == (200, "ending")
    assert "No space left" in stopped.json()["unlogged"]


def test_the_pace_goes_down_by_either_side_and_never_up(scene: Scene) -> None:
    plan_id = scene.agree()["plan_id"]
    scene.begin(plan_id)
    assert scene.say("shop", plan_id, "pace", share=0.5, reason="a sale").json()["share"] == 0.5
    assert scene.say("body", plan_id, "pace", share=0.25, reason="be gentle").json()["share"] == 0.25
    for who in ("shop", "body"):
        higher = scene.say(who, plan_id, "pace", share=0.5, reason="faster")
        assert (higher.status_code, higher.json()["expected"]) == (
            409,
            "a share above 0 % and below the present 25 % of the agreed pace",
        )
    assert scene.say("rival", plan_id, "pace", share=0.1, reason="x").status_code == 404
    for wrong in (0, 1, 2.5, -1, "0.5"):
        assert scene.say("shop", plan_id, "pace", share=wrong, reason="x").status_code == 422
    assert scene.notes.said(Action.PACE_LOWERED) == [f"operator:hana plan {plan_id}", f"review-body plan {plan_id}"]
    log = scene.ask("shop", "GET", f"/api/plans/{plan_id}/log").json()
    assert [(each["event"]["by"], each["event"]["share"]) for each in log[-2:]] == [
        ("operator", 0.5),
        ("review-body", 0.25),
    ]
    (shown,) = scene.ask("shop", "GET", "/api/status").json()["now"]
    assert shown["share"] == 0.25


def test_a_system_is_stopped_by_its_operator_and_by_the_body_and_by_nobody_else(scene: Scene) -> None:
    first = scene.agree()["plan_id"]
    later = scene.agree(window=window(3, 4))["plan_id"]
    scene.begin(first)
    refused = scene.ask("rival", "POST", "/api/systems/hana/stop", json={"reason": "x"})
    assert refused.status_code == 404
    answer = scene.ask("shop", "POST", "/api/systems/hana/stop", json={"reason": "smoke"})
    assert [plan["plan_id"] for plan in answer.json()["stopped"]] == [first]
    assert [plan["plan_id"] for plan in answer.json()["still_agreed"]] == [later]
    again = scene.ask("body", "POST", "/api/systems/hana/stop", json={"reason": "smoke"})
    assert again.status_code == 200
    assert scene.ask("body", "POST", "/api/systems/neko/stop", json={"reason": "x"}).status_code == 404
    assert scene.ask("shop", "POST", "/api/systems/hana/stop", json={"reason": ""}).status_code == 422


def test_everything_is_stopped_by_the_body_only(scene: Scene) -> None:
    hana = scene.agree()["plan_id"]
    tori = scene.offer(system="tori")
    scene.say("rival", tori["plan_id"], "accept", digest=tori["digest"])
    scene.begin(hana)
    scene.clock.advance(-3600)
    scene.begin(tori["plan_id"])
    assert scene.ask("shop", "POST", "/api/stop", json={"reason": "x"}).status_code == 403
    answer = scene.ask("body", "POST", "/api/stop", json={"reason": "incident"})
    assert [(plan["system"], plan["phase"]) for plan in answer.json()["stopped"]] == [
        ("hana", "ending"),
        ("tori", "ending"),
    ]


def test_what_does_not_exist_is_a_problem_too(scene: Scene) -> None:
    for method, path, status in (
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/systems", 405),
        ("GET", "/api/systems/neko", 404),
        ("POST", "/api/systems/neko/token", 404),
        ("GET", "/docs", 404),
    ):
        response = scene.ask("body", method, path)
        assert (response.status_code, response.headers["content-type"]) == (status, MEDIA_TYPE), path
    unknown = scene.ask("body", "POST", "/api/plans", json={"system": "neko", "window": window(1, 2)})
    assert (unknown.status_code, unknown.json()["remedy"]) == (
        404,
        "register its declaration first, or look at GET /api/systems",
    )


def test_the_handbook_names_every_path(scene: Scene) -> None:
    handbook = (Path(__file__).parents[3] / "docs" / "serve.md").read_text(encoding="utf-8")
    document = scene.ask("", "GET", "/openapi.json").json()
    described = {f"`{method.upper()} {path}`" for path, methods in document["paths"].items() for method in methods}
    assert {line for line in described if line not in handbook} == set()
    assert all(f"| `{phase}` |" in handbook for phase in Phase)
    assert all(f"`{reason}`" in handbook for reason in SpecialReason)
