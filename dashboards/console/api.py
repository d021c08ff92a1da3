"""The API. Every change is one event for the service, said by the side whose token was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from dashboards.console import access, forms, views
from dashboards.console.house import House, house_of
from dashboards.console.problems import MEDIA_TYPE, ProblemError
from grid.window import Window
from probes.target import Item
from scheduler.declaration import load_declaration
from scheduler.dialogue import Accepted, Countered, Declined, Event, Offered, Slowed, Stopped, Withdrawn
from scheduler.dialogue import Side as Speaker
from scheduler.inspection import unproven
from scheduler.plan import InspectionPlan
from scheduler.result import Kind
from scheduler.store.token import Principal, Role
from scheduler.system import System

ITEMS = (Item.PORTS, Item.TLS, Item.SET, Item.HOLES)
"""Items of an offer that names none."""
TROUBLE = "Stop at once; the operator calls the review body, and a new window is agreed."
"""What an offer says about trouble when it says nothing else."""
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in (
        (401, "No token, or nobody's."),
        (403, "The other side's business."),
        (404, "Nothing of this name that the token may see."),
        (409, "May not happen now; nothing changed."),
        (413, "Too large."),
        (422, "Not as expected; every mistake is listed."),
        (503, "The audit log cannot be written; nothing changed."),
    )
}
_YAML: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A declaration, as `tenken declaration new` writes it.",
        "content": {"application/yaml": {"schema": {"type": "string"}}},
    }
}

router = APIRouter(prefix="/api", responses=_PROBLEMS)

TheHouse = Annotated[House, Depends(house_of)]
Body = Annotated[Principal, Depends(access.review_body)]
Side = Annotated[Principal, Depends(access.a_side)]


async def _document(request: Request) -> bytes:
    return await request.body()


@router.post("/systems", status_code=201, openapi_extra=_YAML)
def register(house: TheHouse, _: Body, document: Annotated[bytes, Depends(_document)]) -> views.RegisteredView:
    """Register a system with its declaration, or a new declaration of a registered one."""
    try:
        text = document.decode()
    except UnicodeDecodeError as error:
        raise ProblemError(422, "declaration", f"byte {error.start}: not UTF-8", "save the document as UTF-8") from None
    system = load_declaration(text)
    token = house.desk.register(system, text)
    return views.RegisteredView(system=_system(house, system.name), operator_token=token.text if token else "")


@router.get("/systems")
def systems(house: TheHouse, who: Side) -> list[views.SystemView]:
    """List the systems that the token may see."""
    with house.store.reading() as reading:
        known = reading.systems()
    return [views.system_view(each) for each in known if access.may_see(who, each.system.name)]


@router.get("/systems/{name}")
def system(name: str, house: TheHouse, who: Side) -> views.SystemView:
    """Show a system."""
    if not access.may_see(who, name):
        raise _no_system(name)
    return _system(house, name)


@router.post("/systems/{name}/token", status_code=201)
def new_operator_token(name: str, house: TheHouse, _: Body) -> views.TokenView:
    """Issue a new token for a system's operator; the earlier one opens nothing any more."""
    _system(house, name)
    return views.TokenView(token=house.desk.issue(Principal(role=Role.OPERATOR, system=name)).text)


@router.post("/plans", status_code=201)
def offer(house: TheHouse, who: Body, form: forms.OfferForm) -> views.PlanView:
    """Offer an inspection plan."""
    declared = _declared(house, form.system)
    if refusal := house.refusal(declared):
        detail = f"system {form.system}: no proof of control, so nothing was offered:\n{refusal}"
        raise ProblemError(409, "proof", detail, "let the operator publish it, then offer again")
    if not house.egress and unproven(declared, ()):
        detail = (
            f"system {form.system} is not on loopback: expected the addresses that inspections come from, seen none"
        )
        raise ProblemError(409, "egress", detail, "start `tenken serve` with --egress ADDRESS, once per address")
    plan_id = house.new_id()
    plan = form.over(
        InspectionPlan(
            plan_id=plan_id,
            system=form.system,
            kind=form.kind,
            window=_window(form.window),
            items=(Item.HOSTS,) if form.kind is Kind.PRELIMINARY else ITEMS,
            pace=declared.pace,
            trouble=TROUBLE,
            contacts=(declared.operator, house.body),
            egress=house.egress,
        )
    )
    return _said(house, Offered(plan_id=plan_id, by=access.side_of(who), at=house.clock.now(), plan=plan))


@router.get("/plans")
def plans(house: TheHouse, who: Side) -> list[views.PlanView]:
    """List the plans that the token may see, in the order of their first offer."""
    with house.store.reading() as reading:
        return [views.plan_view(reading, held) for held in reading.negotiations(who.system)]


@router.get("/plans/{plan_id}")
def plan(plan_id: str, house: TheHouse, who: Side) -> views.PlanView:
    """Show how a plan stands."""
    held = access.find_plan(house, who, plan_id)
    with house.store.reading() as reading:
        return views.plan_view(reading, held)


@router.get("/plans/{plan_id}/log")
def log(plan_id: str, house: TheHouse, who: Side) -> list[views.EntryView]:
    """Show everything that happened to a plan: who, when, what."""
    access.find_plan(house, who, plan_id)
    with house.store.reading() as reading:
        return [views.entry_view(entry) for entry in reading.log(plan_id)]


@router.get("/plans/{plan_id}/result", response_class=Response, responses={200: {"content": {"application/json": {}}}})
def result(plan_id: str, house: TheHouse, who: Side) -> Response:
    """Give the result of a plan's inspection, as `result.json` holds it."""
    held = access.find_plan(house, who, plan_id)
    with house.store.reading() as reading:
        inspection = reading.inspection(plan_id)
        body = reading.result(inspection.inspection_id) if inspection else None
    if body is None:
        reason = held.reason or "it has not ended"
        raise ProblemError(
            404, "result", f"plan {plan_id} is {held.phase}: there is no result ({reason})", "look again later"
        )
    return Response(body, media_type="application/json")


@router.post("/plans/{plan_id}/counter")
def counter(plan_id: str, house: TheHouse, who: Side, form: forms.CounterForm) -> views.PlanView:
    """Propose another form of a plan; what is left out stays as it is."""
    present = access.find_plan(house, who, plan_id).plan
    if form.window is not None:
        _window(form.window)
    changed = form.over(present)
    return _said(
        house,
        Countered(
            plan_id=plan_id,
            by=access.side_of(who),
            at=house.clock.now(),
            plan=changed,
            outside_calendar=form.outside_calendar,
        ),
    )


@router.post("/plans/{plan_id}/accept")
def accept(plan_id: str, house: TheHouse, who: Side, form: forms.AcceptForm) -> views.PlanView:
    """Accept the form of a plan that was read."""
    access.find_plan(house, who, plan_id)
    return _said(
        house,
        Accepted(
            plan_id=plan_id,
            by=access.side_of(who),
            at=house.clock.now(),
            digest=form.digest,
            outside_calendar=form.outside_calendar,
        ),
    )


@router.post("/plans/{plan_id}/decline")
def decline(plan_id: str, house: TheHouse, who: Side, form: forms.DeclineForm) -> views.PlanView:
    """Refuse a plan; an operator refuses a spot inspection only with a special reason."""
    access.find_plan(house, who, plan_id)
    return _said(
        house,
        Declined(
            plan_id=plan_id,
            by=access.side_of(who),
            at=house.clock.now(),
            reason=form.reason,
            special=form.special,
        ),
    )


@router.post("/plans/{plan_id}/withdraw")
def withdraw(plan_id: str, house: TheHouse, who: Side, form: forms.ReasonForm) -> views.PlanView:
    """Take a plan back before it begins (review body)."""
    access.find_plan(house, who, plan_id)
    event = Withdrawn(plan_id=plan_id, by=access.side_of(who), at=house.clock.now(), reason=form.reason)
    return _said(house, event)


@router.post("/plans/{plan_id}/stop")
def stop(plan_id: str, house: TheHouse, who: Side, form: forms.ReasonForm) -> views.PlanView:
    """Stop an agreed or running inspection at once."""
    access.find_plan(house, who, plan_id)
    event = Stopped(plan_id=plan_id, by=access.side_of(who), at=house.clock.now(), reason=form.reason)
    return _said(house, event)


@router.post("/plans/{plan_id}/pace")
def slow(plan_id: str, house: TheHouse, who: Side, form: forms.SlowForm) -> views.PlanView:
    """Lower the pace of an agreed or running inspection, at once and for the rest of it. Nothing raises it again."""
    access.find_plan(house, who, plan_id)
    event = Slowed(plan_id=plan_id, by=access.side_of(who), at=house.clock.now(), share=form.share, reason=form.reason)
    return _said(house, event)


@router.post("/systems/{name}/stop")
def stop_system(name: str, house: TheHouse, who: Side, form: forms.ReasonForm) -> views.StopView:
    """Stop everything of a system at once: what runs, and what is agreed and would begin now."""
    if not access.may_see(who, name):
        raise _no_system(name)
    _system(house, name)
    return _stop(house, access.side_of(who), form.reason, name)


@router.post("/stop")
def stop_all(house: TheHouse, who: Body, form: forms.ReasonForm) -> views.StopView:
    """Stop everything of all systems at once (review body)."""
    return _stop(house, access.side_of(who), form.reason, "")


@router.get("/status")
def status(house: TheHouse, who: Side) -> views.StatusView:
    """Show what runs now, what comes next, what was decided, what is owed."""
    with house.store.reading() as reading:
        return views.status_view(reading, who.system, house.clock.now())


def _said(house: House, event: Event) -> views.PlanView:
    decision = house.service.submit(event)
    with house.store.reading() as reading:
        return replace(views.plan_view(reading, decision.after), unlogged=decision.unlogged)


def _stop(house: House, by: Speaker, reason: str, system: str) -> views.StopView:
    decisions, coming = house.service.stop(by, reason, system)
    with house.store.reading() as reading:
        return views.StopView(
            stopped=tuple(replace(views.plan_view(reading, one.after), unlogged=one.unlogged) for one in decisions),
            still_agreed=tuple(views.plan_view(reading, held) for held in coming),
        )


def _window(form: forms.WindowForm) -> Window:
    try:
        return Window(start=form.start, end=form.end)
    except ValueError as error:
        raise ProblemError(422, "form", str(error), "state a window that ends after it starts") from None


def _no_system(name: str) -> ProblemError:
    detail = f"system {name[:64]}: there is none of this name"
    return ProblemError(404, "system", detail, "register its declaration first, or look at GET /api/systems")


def _declared(house: House, name: str) -> System:
    with house.store.reading() as reading:
        registered = reading.registered(name)
    if registered is None:
        raise _no_system(name)
    return registered.system


def _system(house: House, name: str) -> views.SystemView:
    with house.store.reading() as reading:
        registered = reading.registered(name)
    if registered is None:
        raise _no_system(name)
    return views.system_view(registered)
