"""What every command that talks to `tenken serve` has: where it is, whose token, how answers and refusals are printed.

Light on purpose: store and grid take a second to import that `tenken status` does not need.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

from dashboards.cli.client import Connection, RefusedError
from dashboards.cli.plans import print_json, print_plan
from scheduler.declaration import DeclarationError

DEFAULT_PORT = 8731
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
EXIT_REFUSED = 3


class OutputFormat(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"


Url = Annotated[str, typer.Option(envvar="TENKEN_URL", help="Where `tenken serve` listens.")]
Token = Annotated[str, typer.Option(envvar="TENKEN_TOKEN", help="Your token; better in the environment than here.")]
Format = Annotated[OutputFormat, typer.Option("--format", help="How the answer is printed.")]
PlanId = Annotated[str, typer.Argument(help="Id of the plan, as `tenken status` shows it.")]


@contextmanager
def refusals() -> Iterator[None]:
    """Turn every refusal into one clear line and exit code 3."""
    try:
        yield
    except (RefusedError, DeclarationError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def connection(url: str, token: str) -> Connection:
    """Give the connection; raises `typer.BadParameter` for what is no token."""
    if not token.strip() or not token.isascii() or not token.isprintable():
        raise typer.BadParameter("give your token with --token or TENKEN_TOKEN")
    return Connection(url=url, token=token.strip())


def plan_path(plan: str, verb: str = "") -> str:
    """Give the path of a plan; raises `typer.BadParameter` for what is no plan id."""
    if not plan.isalnum() or not plan.isascii():
        raise typer.BadParameter(f"{plan[:64]!r} is no plan id; look it up with `tenken status`")
    return f"/api/plans/{plan}{verb}"


def show(plan: Any, output: OutputFormat) -> None:  # noqa: ANN401 - JSON is untyped
    """Print a plan."""
    if output is OutputFormat.JSON:
        print_json(plan)
    else:
        print_plan(plan)


def system_name(system: str) -> str:
    """Take a system name; raises `typer.BadParameter` for what is none."""
    if not system.isascii() or not system.replace("-", "").replace(".", "").isalnum():
        raise typer.BadParameter(f"{system[:64]!r} is no system name")
    return system
