"""A hostile worker inside a gate: `sender.py`, started there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from grid.gate.gate import Gate
from tests.grid.gate.scene import TARGET, UDP_PORT, Scene, python_inside

SENDER = (Path(__file__).parent / "sender.py").read_text(encoding="utf-8")


def mac(namespace: str, device: str) -> str:
    out = subprocess.run(["ip", "-n", namespace, "-j", "link", "show", "dev", device], check=True, capture_output=True)
    return str(json.loads(out.stdout)[0]["address"])


def command(made: Scene, gate: Gate, how: str, **more: Any) -> list[str]:
    """What sends inside."""
    assert gate.link is not None
    to = str(more.get("to", TARGET))
    said = {
        "how": how,
        "to": to,
        "port": UDP_PORT,
        "from": gate.link.worker[":" in to],
        "count": 200,
        "per_s": 2000,
        "switch_mac": mac(made.switch, gate.link.device),
        "own_mac": gate.link.worker_mac,
        **more,
    }
    return gate.command([python_inside(gate), "-S", "-c", SENDER, json.dumps(said)])


def send(made: Scene, gate: Gate, how: str, **more: Any) -> int:
    """Send inside; give how many sends the worker's own kernel took."""
    done = subprocess.run(command(made, gate, how, **more), check=False, capture_output=True, text=True, timeout=60)
    assert not done.stderr, done.stderr
    return int(done.stdout)
