"""Problem documents: what every one of them holds."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from dashboards.console.problems import ProblemError, document
from tests.dashboards.console.scene import Scene


@pytest.mark.parametrize("status", [401, 403, 404, 409, 413, 422, 500])
def test_a_problem_holds_what_rfc_9457_asks_for(status: int) -> None:
    problem = document(status, "plan", "what happened", {"remedy": "what to do"})
    assert problem == {
        "type": "tag:tenken.example,2026:problem/plan",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "what happened",
        "remedy": "what to do",
    }


def test_what_was_sent_is_never_echoed(scene: Scene) -> None:
    response = scene.ask("body", "POST", "/api/plans", json={"system": "hana", "kind": "hunter2"})
    assert response.status_code == 422
    assert "hunter2" not in response.text


def test_an_error_reads_as_one_line() -> None:
    assert str(ProblemError(404, "plan", "plan p1: none", "look it up")) == "404 plan: plan p1: none; look it up"
