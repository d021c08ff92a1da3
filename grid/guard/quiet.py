"""Makes the doors speak up that raise no audit event, or raise it too late. Done once, at arming.

- `_posixsubprocess.fork_exec` (multiprocessing uses it directly) starts a program without a word.
- `socket.connect(("name", 80))` asks the resolver before it raises its event; so do `connect_ex`, `sendto`, `bind`.
- A built-in module can be loaded a second time without a word.
"""

from __future__ import annotations

import _imp  # the interpreter's own door has no other name
import _posixsubprocess  # same
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from grid.guard.natives import BUILT_IN
from grid.guard.programs import FORKED, plain_environment
from grid.guard.sockets import is_internet, literal


def speak_up() -> None:
    """Wrap the quiet doors; the guard's hook hears them from now on."""
    # glibc's resolver then tries no server at all; it holds unless this process has looked up a name before.
    os.environ["RES_OPTIONS"] = "attempts:0"
    _starting()
    _naming()
    create = _imp.create_builtin

    def create_builtin(spec: Any) -> Any:  # noqa: ANN401 - hands through
        sys.audit(BUILT_IN, spec.name)
        return create(spec)

    _imp.create_builtin = create_builtin


def _starting() -> None:
    start: Callable[..., int] = _posixsubprocess.fork_exec

    def fork_exec(argv: Any, files: Any, close: Any, keep: Any, folder: Any, env: Any, *rest: Any) -> int:  # noqa: ANN401 - hands through
        # Copies, so that nobody can change them between the question and the start.
        argv, files = tuple(argv), tuple(files)
        env = tuple(env) if env is not None else None
        executable = os.fsdecode(files[0]) if len(files) == 1 else files
        sys.audit(FORKED, executable, argv, folder, plain_environment(env))
        return start(argv, files, close, keep, folder, env, *rest)

    _posixsubprocess.fork_exec = fork_exec
    subprocess._fork_exec = fork_exec  # type: ignore[attr-defined]  # noqa: SLF001 - it holds a reference of its own


def _naming() -> None:
    for name in ("connect", "connect_ex", "sendto", "bind"):
        setattr(socket.socket, name, _asking(getattr(socket.socket, name)))  # noqa: TID251 - the class itself is watched


def _asking(method: Callable[..., Any]) -> Callable[..., Any]:
    def asked(self: Any, *arguments: Any) -> Any:  # noqa: ANN401 - hands through
        address = arguments[-1] if arguments else None
        if type(address) is tuple and address and not literal(address[0]) and is_internet(self):
            sys.audit("socket.getaddrinfo", address[0], None, 0, 0, 0)
        return method(self, *arguments)

    asked.__name__ = method.__name__
    return asked
