"""Groups whose commands are imported when they are asked for: Ray alone takes a second."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup


def lazy(commands: Mapping[str, str]) -> type[TyperGroup]:
    """Give the group of `commands`: name -> `module:attribute` of a typer app with one command, or of a group."""

    class Lazy(TyperGroup):
        """Imports a command when it is needed."""

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer keeps its context type to itself
            """Give the names in the order of the list."""
            del ctx
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - same for its command type
            """Import one command."""
            del ctx
            if cmd_name not in commands:
                return None
            module, _, attribute = commands[cmd_name].partition(":")
            command = typer.main.get_command(getattr(importlib.import_module(module), attribute))
            command.name = cmd_name
            return command

    return Lazy
