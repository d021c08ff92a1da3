"""`tenken stop` and `tenken slow`: what either side can say at any moment. There is no command that goes faster.

Exit codes: 0 done, 3 wrong input or refused with the reason.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dashboards.cli.asking import (
    DEFAULT_URL,
    Format,
    OutputFormat,
    Token,
    Url,
    connection,
    plan_path,
    refusals,
    show,
    system_name,
)
from dashboards.cli.client import Connection, RefusedError
from dashboards.cli.plans import Plain, print_json

stop_app = typer.Typer(add_completion=False)
slow_app = typer.Typer(add_completion=False)
PLAN_ID_DIGITS = 12
"""Plan ids are so many hexadecimal digits."""
_UNKNOWN = 404


@stop_app.command()
def stop(
    what: Annotated[str, typer.Argument(metavar="[SYSTEM|PLAN]", help="Name of a system, or id of a plan.")] = "",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Review body: every system.")] = False,
    reason: Annotated[str, typer.Option(help="Why; both sides read it.")] = "stopped from the shell",
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Stop at once (either side): a plan, everything of a system, or everything. Evidence so far is kept."""
    if bool(what) == everything:
        raise typer.BadParameter("name a system or a plan, or say --all")
    with refusals():
        server = connection(url, token)
        answer = server.post("/api/stop", {"reason": reason}) if everything else _stop(server, what, reason)
    if "stopped" not in answer:
        show(answer, output)
        _cry([answer])
    elif output is OutputFormat.JSON:
        print_json(answer)
    else:
        _print(answer)


@slow_app.command()
def slow(
    what: Annotated[str, typer.Argument(metavar="SYSTEM|PLAN", help="Name of a system, or id of a plan.")],
    *,
    to: Annotated[str, typer.Option(help="Part of the agreed pace to go on with, such as 50%.")],
    reason: Annotated[str, typer.Option(help="Why; both sides read it.")] = "slowed down from the shell",
    url: Url = DEFAULT_URL,
    token: Token = "",
    output: Format = OutputFormat.TABLE,
) -> None:
    """Lower the pace of an inspection at once, for the rest of it (either side). Nothing can raise it again."""
    share = _share(to)
    with refusals():
        server = connection(url, token)
        form = {"share": share, "reason": reason}
        for plan in _running(server, what):
            show(server.post(plan_path(plan, "/pace"), form), output)


def _stop(server: Connection, what: str, reason: str) -> Plain:
    """Stop a plan or a system, whichever bears this name; what looks like a plan is tried as a plan first."""
    form = {"reason": reason}
    system, plan = f"/api/systems/{system_name(what)}/stop", f"/api/plans/{what}/stop"
    first, second = (plan, system) if _like_a_plan(what) else (system, plan)
    try:
        return server.post(first, form)
    except RefusedError as error:
        if error.status != _UNKNOWN or not what.isalnum():
            raise
    return server.post(second, form)


def _running(server: Connection, what: str) -> list[str]:
    """Give the plans that are meant: one by its id, or those of a system that run now."""
    system_name(what)
    status = server.get("/api/status")
    known = [plan["plan_id"] for plan in (*status["now"], *status["next"])]
    if what in known:
        return [what]
    running = [plan["plan_id"] for plan in status["now"] if plan["system"] == what]
    if not running:
        raise RefusedError(server.url, f"nothing of {what} runs now; look at `tenken status`")
    return running


def _like_a_plan(what: str) -> bool:
    return len(what) == PLAN_ID_DIGITS and all(letter in "0123456789abcdef" for letter in what)


def _share(text: str) -> float:
    """Read `50%` or `0.5`."""
    number, percent = text.strip().removesuffix("%").strip(), text.strip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise typer.BadParameter(f"--to {text[:20]!r}: expected a part of the agreed pace, such as 50%")
    return share


def _print(answer: Plain) -> None:
    """Say what was stopped, and what is still to come."""
    for plan in answer["stopped"]:
        typer.echo(f"stopped: plan {plan['plan_id']} of {plan['system']} ({plan['phase']})")
    if not answer["stopped"]:
        typer.echo("nothing was running")
    for plan in answer["still_agreed"]:
        start = plan["window"]["start"]
        typer.echo(
            f"still agreed: plan {plan['plan_id']} of {plan['system']} for {start}; stop it by its id if it must not run"
        )
    _cry(answer["stopped"])


def _cry(plans: list[Any]) -> None:
    for plan in plans:
        if plan["unlogged"]:
            typer.echo(f"STOPPED, BUT NOT IN THE AUDIT LOG: plan {plan['plan_id']}: {plan['unlogged']}", err=True)
