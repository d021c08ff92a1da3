"""Which tests may run at the same time. `make test` runs two processes side by side; one file never runs in both.

Some folders run in one process, one test after another: they start clusters of their own or count what is sent in a second, and two
of them at once would take each other's processors.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {"dashboards": "inspections", "e2e": "grid", "grid": "grid", "scheduler": "grid"}
"""Folders whose files run in one process, by the name of their queue."""


class Queues(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out whole queues of tests."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return TOGETHER.get(file.split("/")[1], file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Queues:
    return Queues(config, log)
