"""Who is asking: a token per role, by `Authorization: Bearer` for machines, by HTTP Basic (token as password) for the page.

There are no cookies. The API takes no Basic credentials, because browsers send those by themselves, also when another site asks.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from dashboards.console.house import House, house_of
from dashboards.console.problems import ProblemError
from scheduler.dialogue import Side
from scheduler.negotiation import Negotiation
from scheduler.store.token import Principal, Role

MAX_TOKEN = 200
"""Most characters of a token; longer ones are nobody's."""
_described = HTTPBearer(auto_error=False, description="Token of the review body, an operator, or the monitor.")


def _given(request: Request, scheme: str) -> str:
    """Give the credentials of one scheme; empty when there are none."""
    name, _, rest = request.headers.get("authorization", "").partition(" ")
    return rest.strip() if name.lower() == scheme else ""


def _password(request: Request) -> str:
    try:
        decoded = base64.b64decode(_given(request, "basic"), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[2]


def _look_up(house: House, token: str) -> Principal | None:
    if not 0 < len(token) <= MAX_TOKEN:
        return None
    with house.store.reading() as reading:
        return reading.principal(token)


def _unknown(challenge: str) -> HTTPException:
    detail = "expected a token that this server issued, seen none or another one; send `Authorization: Bearer TOKEN`"
    return HTTPException(401, detail, headers={"www-authenticate": challenge})


def anybody(request: Request, _: Annotated[object, Security(_described)] = None) -> Principal:
    """Whoever holds a token."""
    principal = _look_up(house_of(request), _given(request, "bearer"))
    if principal is None:
        raise _unknown('Bearer realm="tenken"')
    return principal


def on_page(request: Request) -> Principal:
    """Whoever holds a token, for the page: a browser asks for it as a password."""
    principal = _look_up(house_of(request), _given(request, "bearer") or _password(request))
    if principal is None:
        raise _unknown('Basic realm="tenken", charset="UTF-8"')
    return _one_of(principal, Role.REVIEW_BODY, Role.OPERATOR)


def review_body(principal: Annotated[Principal, Depends(anybody)]) -> Principal:
    """Only the review body."""
    return _one_of(principal, Role.REVIEW_BODY)


def a_side(principal: Annotated[Principal, Depends(anybody)]) -> Principal:
    """One of the two sides of a negotiation."""
    return _one_of(principal, Role.REVIEW_BODY, Role.OPERATOR)


def a_watcher(principal: Annotated[Principal, Depends(anybody)]) -> Principal:
    """Who may read the figures."""
    return _one_of(principal, Role.REVIEW_BODY, Role.MONITOR)


def _one_of(principal: Principal, *roles: Role) -> Principal:
    if principal.role not in roles:
        detail = f"expected a token of the {' or the '.join(roles)}, seen one of the {principal.role}"
        raise ProblemError(403, "role", detail, "ask that side to do it")
    return principal


def side_of(principal: Principal) -> Side:
    """Give the side that a principal speaks for."""
    return Side.REVIEW_BODY if principal.role is Role.REVIEW_BODY else Side.OPERATOR


def may_see(principal: Principal, system: str) -> bool:
    """Tell whether a system is any of the principal's business."""
    return principal.role is Role.REVIEW_BODY or (principal.role is Role.OPERATOR and principal.system == system)


def find_plan(house: House, principal: Principal, plan_id: str) -> Negotiation:
    """Give a plan; what is not the principal's does not exist for it."""
    with house.store.reading() as reading:
        held = reading.negotiation(plan_id)
    if held is None or not may_see(principal, held.plan.system):
        raise ProblemError(
            404, "plan", f"plan {plan_id[:64]}: there is none of this id", "look it up with `tenken status`"
        )
    return held
