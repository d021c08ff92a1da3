"""Live workers under one budget inside a network namespace, whose budget and one of whom are killed meanwhile.

python -m tests.grid.apart ADDRESS PER_S    prints how many packets the workers say they sent, those of the killed one left out
python -m tests.grid.apart --hear ADDRESS   at the target: a line when it listens; at the end of its input, when each packet came
"""

from __future__ import annotations

import contextlib
import json
import sys

from grid.cluster import RayError, ray
from grid.run import Grid
from tests.capture import capturing
from tests.grid.paced import workers_at

WORKERS = 4
SECONDS = 6.0
BEFORE_S = 2.0
"""How long they run before something dies."""


def send(address: str, per_s: float) -> int:
    """Run the workers; kill the budget, which comes back, and the first worker, which does not."""
    with Grid.start(workers=WORKERS), workers_at(address, per_s, WORKERS, SECONDS) as (budget, references):
        ray.wait(list(references), num_returns=WORKERS, timeout=BEFORE_S)
        ray.cancel(references[0], force=True)
        ray.kill(budget, no_restart=False)
        sent = 0
        for reference in references:
            with contextlib.suppress(RayError):
                sent += ray.get(reference)
    return sent


def hear(address: str) -> list[float]:
    """Note when packets arrive at the cable, until the input ends."""
    with capturing(address, "cable") as capture:
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        sys.stdin.read()
    return capture.times


if __name__ == "__main__":
    first, second = sys.argv[1:]
    sys.stdout.write(json.dumps(hear(second) if first == "--hear" else send(first, float(second))))
