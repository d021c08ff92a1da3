"""Rules for ways around the interpreter: native code, other interpreters, memory, the guard itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from grid.guard.veto import Event, Rule

BUILT_IN = "tenken.create_builtin"
"""The event that `quiet.py` raises where the interpreter raises none."""
STACKS = ("uvloop", "pycurl", "grpc", "zmq", "psycopg2", "pymongo")
"""Native network stacks: once one is loaded, nothing that it does can be seen from Python."""
_CLOSED = {
    "_posixsubprocess",
    "_testcapi",
    "_testinternalcapi",
    "_xxsubinterpreters",
    "_interpreters",
    "_xxinterpchannels",
}
"""Modules of the standard library with doors of their own that raise no event; a fresh copy would undo `quiet.py`."""
_DYNLOAD = Path(os.__file__).resolve().parent / "lib-dynload"
_DEVICES = ("/dev/net/tun", "/dev/mem", "/dev/kmem")
_RESOLVER = b"RES_OPTIONS"


def rules() -> Mapping[str, Rule]:
    """Give a rule for each event."""
    never = (
        "cpython.PyInterpreterState_New",
        "ctypes.dlopen",
        "ctypes.dlsym",
        "ctypes.dlsym/handle",
        "ctypes.call_function",
        "gc.get_objects",
        "gc.get_referrers",
        "gc.get_referents",
        "sys.addaudithook",
    )
    return MappingProxyType(
        {
            **dict.fromkeys(never, _never),
            "import": _imports,
            BUILT_IN: _built_in,
            "object.__setattr__": _code,
            "open": _opens,
            "os.putenv": _resolver,
            "os.unsetenv": _resolver,
        }
    )


def _never(event: Event) -> str:
    return str(event)[:200]


def _imports(event: Event) -> str:
    """Native code may come from the standard library only: the rest has to be loaded before arming."""
    name, file = event[0], event[1]
    if file is None:
        return ""  # no native code yet: that comes with its file
    ours = Path(file).resolve().parent == _DYNLOAD and name not in _CLOSED
    return "" if ours else f"loading of native code {name}"


def _built_in(event: Event) -> str:
    return f"loading of native code {event[0]}" if event[0] in _CLOSED else ""


def _code(event: Event) -> str:
    return f"other code for {str(event[0])[:100]}" if event[1] == "__code__" else ""


def _opens(event: Event) -> str:
    path = event[0]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str) or not path.endswith(("mem", "tun")):
        return ""
    real = os.path.realpath(path)
    return f"opening of {real}" if real in _DEVICES or (real.startswith("/proc/") and real.endswith("/mem")) else ""


def _resolver(event: Event) -> str:
    return "change of RES_OPTIONS, which keeps the resolver silent" if event[0] == _RESOLVER else ""
