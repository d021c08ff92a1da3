"""Which tests may run at the same time. `make test` runs two processes side by side; one file never runs in both.

Some folders run in one process, one test after another: they start clusters of their own or count what is sent in a second, and two
of them at once would take each other's processors.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "tests/dashboards/cli/test_inspect_gate.py": "grid",  # gates and cables are seen by all who look for what was left behind
    "tests/dashboards/": "inspections",
    "tests/grid/": "grid",
    "tests/scheduler/": "grid",
}
"""Names of queues by the beginning of a path; the first that fits counts."""


class Queues(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out whole queues of tests."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((queue for beginning, queue in TOGETHER.items() if file.startswith(beginning)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Queues:
    return Queues(config, log)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: both processes have to find the same tests, and what is packed or signed differs in each."""
    return argname if isinstance(val, bytes) else None
