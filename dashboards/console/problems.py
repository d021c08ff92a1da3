"""Every error of the API as `application/problem+json` (RFC 9457): who, expected, seen, what to do."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from grid.audit import AuditError
from scheduler.declaration import DeclarationError
from scheduler.desk import RegistrationError
from scheduler.negotiation import NegotiationError
from scheduler.plan import PlanError

MEDIA_TYPE = "application/problem+json"
KIND = "tag:tenken.example,2026:problem/"
"""What every `type` begins with."""

_log = structlog.get_logger("tenken.console")


class ProblemError(Exception):
    """A request that is answered with a problem document."""

    def __init__(self, status: int, kind: str, detail: str, remedy: str = "") -> None:
        super().__init__(status, kind, detail, remedy)
        self.status, self.kind, self.detail, self.remedy = status, kind, detail, remedy

    def __str__(self) -> str:
        return f"{self.status} {self.kind}: {self.detail}; {self.remedy}"


def document(status: int, kind: str, detail: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Give a problem document."""
    title = HTTPStatus(status).phrase
    return {"type": f"{KIND}{kind}", "title": title, "status": status, "detail": detail, **(more or {})}


def answer(
    status: int, kind: str, detail: str, more: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Give a problem as a response."""
    body = document(status, kind, detail, more)
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _problem(_: Request, error: ProblemError) -> JSONResponse:
    return answer(error.status, error.kind, error.detail, {"remedy": error.remedy})


def _negotiation(_: Request, error: NegotiationError) -> JSONResponse:
    more = {"plan_id": error.plan_id, "expected": error.expected, "seen": error.seen, "remedy": error.remedy}
    return answer(409, "negotiation", str(error), more)


def _registration(_: Request, error: RegistrationError) -> JSONResponse:
    more = {"system": error.system, "expected": error.expected, "seen": error.seen, "remedy": error.remedy}
    return answer(409, "registration", str(error), more)


def _plan(_: Request, error: PlanError) -> JSONResponse:
    objections = [
        {"field": each.field, "expected": each.expected, "seen": each.seen, "remedy": each.remedy}
        for each in error.objections
    ]
    return answer(422, "plan", str(error), {"plan_id": error.plan_id, "objections": objections})


def _declaration(_: Request, error: DeclarationError) -> JSONResponse:
    return answer(422, "declaration", str(error), {"mistakes": [str(problem) for problem in error.problems]})


def _audit(_: Request, error: AuditError) -> JSONResponse:
    _log.error("audit log", error=str(error))
    detail = "the audit log cannot be written, and what cannot be logged does not happen; nothing changed"
    remedy = "mend the audit log (space, permissions, `tenken audit verify`), then say it again; a stop works meanwhile"
    return answer(503, "audit", detail, {"remedy": remedy})


def _form(_: Request, error: RequestValidationError) -> JSONResponse:
    # What was sent is never echoed: it may hold anything.
    mistakes = [
        {"field": ".".join(str(part) for part in each["loc"] if part != "body") or "body", "message": str(each["msg"])}
        for each in error.errors()
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in mistakes)
    return answer(422, "form", detail[:2000], {"mistakes": mistakes[:50]})


def _http(_: Request, error: HTTPException) -> JSONResponse:
    return answer(error.status_code, "http", str(error.detail), headers=error.headers)


def _defect(_: Request, error: Exception) -> JSONResponse:
    # Lines only: the values of variables, which log formats like to add, may be tokens.
    _log.error("defect", trace="".join(traceback.format_exception(error)))
    return answer(
        500, "defect", "a defect of Tenken; nothing was changed by this request as far as it is known. See the log."
    )


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    handlers: dict[Any, Any] = {
        ProblemError: _problem,
        NegotiationError: _negotiation,
        RegistrationError: _registration,
        PlanError: _plan,
        DeclarationError: _declaration,
        AuditError: _audit,
        RequestValidationError: _form,
        HTTPException: _http,
        Exception: _defect,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
