"""`tenken signatures schema`: the JSON Schema by which editors complete and check signatures while they are written."""

from __future__ import annotations

import json
import sys

import typer

from plugins.template.schema import schema as signature_schema

app = typer.Typer(add_completion=False)


@app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of signatures, for editors.

    Exit code: 0.
    """
    sys.stdout.write(json.dumps(signature_schema(), indent=2, ensure_ascii=False) + "\n")
