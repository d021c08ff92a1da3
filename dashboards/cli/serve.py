"""`tenken serve`, and what both sides say to it from the shell: register, offer, agree, decline, status.

Exit codes: 0 done, 3 wrong input or refused with the reason.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboards.cli.asking import (
    DEFAULT_PORT,
    DEFAULT_URL,
    EXIT_REFUSED,
    Format,
    OutputFormat,
    PlanId,
    Token,
    Url,
    connection,
    plan_path,
    refusals,
    show,
    system_name,
)
from dashboards.cli.client import Connection
from dashboards.cli.plans import print_json, print_plan, print_status
from probes.target import Item
from scheduler.declaration import load_declaration
from scheduler.dialogue import SpecialReason
from scheduler.result import Kind
from scheduler.system import Contact

serve_app = typer.Typer(add_completion=False)
register_app = typer.Typer(add_completion=False)
offer_app = typer.Typer(add_completion=False)
agree_app = typer.Typer(add_completion=False)
decline_app = typer.Typer(add_completion=False)
status_app = typer.Typer(add_completion=False)

Uplink = Annotated[
    str, typer.Option(help="Run the workers inside a gate whose way out is this network device (root only).")
]
Raw = Annotated[
    bool, typer.Option("--raw", help="Scan ports by single SYN packets where the worker's host lets it (CAP_NET_RAW).")
]
NewTokens = Annotated[bool, typer.Option("--new-tokens", help="Replace the body's tokens; the old ones end.")]
Resolvers = Annotated[list[str] | None, typer.Option(help="DNS resolver `address[:port]` for proofs of control.")]


@serve_app.command()
def serve(
    *,
    data: Annotated[Path, typer.Option(help="Folder for the store, keys, tokens and evidence.")],
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any free one.", min=0, max=65535)] = DEFAULT_PORT,
    database: Annotated[
        str, typer.Option(envvar="TENKEN_DATABASE", help="SQLAlchemy URL instead of a SQLite file.")
    ] = "",
    organisation: Annotated[str, typer.Option(help="The review body, as orders name it.")] = "Review body",
    desk: Annotated[str, typer.Option(help="Its desk, as plans name it.")] = "Inspection desk",
    email: Annotated[
        str, typer.Option(help="How operators reach it; goes into every HTTP ask.")
    ] = "inspection@localhost",
    phone: Annotated[str, typer.Option(help="Its telephone number.")] = "",
    public_url: Annotated[
        str,
        typer.Option(help="https URL of this console under the name of the address that probes come from (RFC 9511)."),
    ] = "",
    egress: Annotated[
        list[str] | None, typer.Option(help="Address that inspections come from; once per address. Plans name them.")
    ] = None,
    ray_address: Annotated[str, typer.Option(help="Join this Ray cluster instead of starting one.")] = "",
    resolver: Resolvers = None,
    gate: Uplink = "",
    raw: Raw = False,
    new_tokens: NewTokens = False,
) -> None:
    """Serve the review body: systems, plans, inspections inside agreed windows, results, figures, one page.

    The first start makes the store and prints the review body's token once. SIGTERM and Ctrl-C stop running inspections, keep
    their results, and end with exit code 0.
    """
    from dashboards.console.data import ServeError  # noqa: PLC0415 - Ray and the store take a second to import
    from dashboards.console.server import Settings  # noqa: PLC0415 - same
    from dashboards.console.server import serve as run  # noqa: PLC0415 - same

    settings = Settings(
        data=data.absolute(),
        host=host,
        port=port,
        database=database,
        body=Contact(organisation=organisation, name=desk, email=email, phone=phone),
        ray_address=ray_address,
        egress=tuple(egress or ()),
        public_url=public_url,
        resolvers=tuple(resolver or ()),
        renew_tokens=new_tokens,
        gate=gate,
        raw=raw,
    )
    try:
        run(settings, typer.echo)
    except ServeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_REFUSED) from None


@register_app.command()
def register(
    declaration: Annotated[Path, typer.Argument(help="Declaration of one system (YAML).")],
    *,
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Register a system with its declaration (review body); prints its operator's token once."""
    with refusals():
        server = connection(url, token)
        load_declaration(declaration)
        answer = server.post("/api/systems", document=declaration.read_bytes())
    if output is OutputFormat.JSON:
        print_json(answer)
        return
    typer.echo(f"registered: {answer['system']['name']} ({len(answer['system']['servers'])} server(s))")
    if answer["operator_token"]:
        typer.echo(f"token of its operator (shown this once): {answer['operator_token']}")


@offer_app.command()
def offer(
    system: Annotated[str, typer.Argument(help="Name of the system.")] = "",
    *,
    counter: Annotated[str, typer.Option(help="Counter this plan instead of offering a new one.")] = "",
    start: Annotated[str, typer.Option(help="Start of the window, such as 2026-03-02T01:00:00Z.")] = "",
    end: Annotated[str, typer.Option(help="End of the window; or give --minutes.")] = "",
    minutes: Annotated[float, typer.Option(help="Length of the window instead of --end.", min=0)] = 0.0,
    kind: Annotated[Kind, typer.Option(help="Kind of inspection (new offers only).")] = Kind.SCHEDULED,
    items: Annotated[str, typer.Option(help="Comma-separated items.")] = "",
    ports: Annotated[
        str,
        typer.Option(help="TCP ports picked beside the operator's: declared (none), top-1000, all, or 1-1024,8080."),
    ] = "",
    connections_per_s: Annotated[float, typer.Option(help="Go slower than declared or offered.", min=0)] = 0.0,
    requests_per_s: Annotated[float, typer.Option(help="Same, for HTTP requests.", min=0)] = 0.0,
    trouble: Annotated[str, typer.Option(help="What both sides do when something goes wrong.")] = "",
    outside_calendar: Annotated[
        bool, typer.Option("--outside-calendar", help="Operator: hours outside our calendar are fine.")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Offer an inspection plan (review body), or counter one (either side). What is left out stays as declared or offered."""
    if bool(system) == bool(counter):
        raise typer.BadParameter("name a system to offer to, or a plan to --counter")
    with refusals():
        server = connection(url, token)
        form: dict[str, Any] = {}
        if start or end or minutes or not counter:
            form["window"] = _window(start, end, minutes)
        if items:
            form["items"] = _items(items)
        if ports:
            form["ports"] = ports
        if trouble:
            form["trouble"] = trouble
        if connections_per_s or requests_per_s:
            base = _base_pace(server, system, counter)
            form["pace"] = {
                **base,
                "connections_per_s": connections_per_s or base["connections_per_s"],
                "requests_per_s": requests_per_s or base["requests_per_s"],
            }
        if counter:
            form["outside_calendar"] = outside_calendar
            show(server.post(plan_path(counter, "/counter"), form), output)
        else:
            show(server.post("/api/plans", {**form, "system": system, "kind": kind}), output)


@agree_app.command()
def agree(
    plan: PlanId,
    *,
    digest: Annotated[str, typer.Option(help="Form that you read; default: the present one, which is printed.")] = "",
    outside_calendar: Annotated[
        bool, typer.Option("--outside-calendar", help="Operator: hours outside our calendar are fine.")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Accept a plan that the other side proposed."""
    with refusals():
        server = connection(url, token)
        form = digest or server.get(plan_path(plan))["digest"]
        accepted = {"digest": form, "outside_calendar": outside_calendar}
        show(server.post(plan_path(plan, "/accept"), accepted), output)


@decline_app.command()
def decline(
    plan: PlanId,
    *,
    reason: Annotated[str, typer.Option(help="Why; both sides read it.")],
    special: Annotated[SpecialReason | None, typer.Option(help="Needed by an operator for a spot inspection.")] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Review body: take the plan back, also when it is agreed.")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Decline a plan that is on the table."""
    with refusals():
        server = connection(url, token)
        if withdraw:
            show(server.post(plan_path(plan, "/withdraw"), {"reason": reason}), output)
        else:
            show(server.post(plan_path(plan, "/decline"), {"reason": reason, "special": special}), output)


@status_app.command()
def status(
    plan: Annotated[str, typer.Argument(help="Show this plan only, with all its terms.")] = "",
    *,
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Show what runs now, what comes next, what was decided and what is owed."""
    with refusals():
        server = connection(url, token)
        answer = server.get(plan_path(plan) if plan else "/api/status")
    if output is OutputFormat.JSON:
        print_json(answer)
    elif plan:
        print_plan(answer)
    else:
        print_status(answer)


def _window(start: str, end: str, minutes: float) -> dict[str, str]:
    if not start or bool(end) == bool(minutes):
        raise typer.BadParameter("give --start and either --end or --minutes")
    begins = _moment(start)
    try:
        ends = _moment(end) if end else begins + timedelta(minutes=minutes)
    except OverflowError:
        raise typer.BadParameter(f"{minutes:g} minutes after {start} is no time") from None
    return {"start": begins.isoformat(), "end": ends.isoformat()}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text[:40]!r} is no time; expected such as 2026-03-02T01:00:00Z") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text[:40]!r} has no time zone; add Z for UTC or +09:00 for Japan")
    return moment


def _items(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or (wrong := [name for name in names if name not in set(Item)]):
        seen = ", ".join(wrong) if names else "none"
        raise typer.BadParameter(f"items: expected some of {', '.join(Item)}, seen {seen}")
    return names


def _base_pace(server: Connection, system: str, counter: str) -> dict[str, Any]:
    answer = server.get(plan_path(counter) if counter else f"/api/systems/{system_name(system)}")
    pace: dict[str, Any] = answer["pace"]
    return pace
