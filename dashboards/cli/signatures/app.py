"""`tenken signatures COMMAND`."""

from __future__ import annotations

import typer

from dashboards.cli.lazy import lazy

COMMANDS: dict[str, str] = {
    "new": "dashboards.cli.signatures.new:app",
    "lint": "dashboards.cli.signatures.proving:lint_app",
    "test": "dashboards.cli.signatures.proving:test_app",
    "try": "dashboards.cli.signatures.trying:try_app",
    "record": "dashboards.cli.signatures.trying:record_app",
    "quotas": "dashboards.cli.signatures.quotas:app",
    "list": "dashboards.cli.signatures.listing:list_app",
    "show": "dashboards.cli.signatures.listing:show_app",
    "search": "dashboards.cli.signatures.listing:search_app",
    "schema": "dashboards.cli.signatures.describing:app",
    "import": "dashboards.cli.signatures.bringing:app",
    "pack": "dashboards.cli.signatures.releasing:pack_app",
    "key": "dashboards.cli.signatures.releasing:key_app",
    "sign": "dashboards.cli.signatures.releasing:sign_app",
    "verify": "dashboards.cli.signatures.releasing:verify_app",
    "install": "dashboards.cli.signatures.releasing:install_app",
}
"""Command -> where its typer app is."""

app = typer.Typer(
    cls=lazy(COMMANDS),
    help="Write, prove, try and release signatures: how holes are recognised.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _signatures() -> None:
    """Write, prove, try and release signatures: how holes are recognised."""
