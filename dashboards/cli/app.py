"""The command line: finds the command's module, runs it, turns errors into one clear line and an exit code.

Exit codes: 0 pass (or done), 1 fail, 2 inconclusive, 3 wrong input, 70 a defect of Tenken itself.
"""

from __future__ import annotations

import os
import sys
import traceback

import typer

from dashboards.cli.lazy import lazy

COMMANDS: dict[str, str] = {
    "inspect": "dashboards.cli.inspect:app",
    "declaration": "dashboards.cli.declaration:app",
    "judge": "dashboards.cli.judge:app",
    "chain": "dashboards.cli.chain:app",
    "compare": "dashboards.cli.compare:app",
    "demo": "dashboards.cli.demo:app",
    "signatures": "dashboards.cli.signatures.app:app",
    "audit": "dashboards.cli.audit:app",
    "doctor": "dashboards.cli.doctor:app",
    "serve": "dashboards.cli.serve:serve_app",
    "register": "dashboards.cli.serve:register_app",
    "offer": "dashboards.cli.serve:offer_app",
    "agree": "dashboards.cli.serve:agree_app",
    "decline": "dashboards.cli.serve:decline_app",
    "stop": "dashboards.cli.brakes:stop_app",
    "slow": "dashboards.cli.brakes:slow_app",
    "status": "dashboards.cli.serve:status_app",
}
"""Command -> where its typer app is. A command's module is imported only when it is asked for."""
EXIT_INCONCLUSIVE = 2
EXIT_WRONG_INPUT = 3
EXIT_DEFECT = 70


app = typer.Typer(
    cls=lazy(COMMANDS),
    help="Tenken (点検): online inspection of consenting web-shop systems, gently and only by signed order.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _tenken() -> None:
    """Tenken (点検): online inspection of consenting web-shop systems, gently and only by signed order."""


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; give the exit code. Bad input never shows a traceback."""
    try:
        result = typer.main.get_command(app).main(args=arguments, prog_name="tenken", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("tenken: interrupted", err=True)
        return EXIT_INCONCLUSIVE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the rim of the program: every error becomes a line and an exit code
        return _told(error)
    return result if isinstance(result, int) else 0


def _told(error: Exception) -> int:
    """Tell of an error; give its exit code. Wrong usage is wrong input; anything else is a defect that can be reported."""
    show = getattr(error, "show", None)
    if isinstance(error, typer.TyperException) and callable(show):
        show()
        return EXIT_WRONG_INPUT
    typer.echo(
        f"tenken: defect: {type(error).__name__}: {error}. Please report this; TENKEN_DEBUG=1 shows where.", err=True
    )
    if os.environ.get("TENKEN_DEBUG"):
        traceback.print_exception(error)
    return EXIT_DEFECT
