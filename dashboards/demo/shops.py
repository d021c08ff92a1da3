"""Starts and ends the three systems.

with Shops(folder) as shops:
    for shop in shops.running: shop.declaration, shop.planted
"""

from __future__ import annotations

import contextlib
import secrets
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from dashboards.demo.ground import Ground
from dashboards.demo.planted import Planted
from dashboards.demo.shop import DECLARATION, READY
from dashboards.demo.systems import SHOPS

READY_S = 30.0
"""Longest time that a system may take to start."""
END_S = 5.0
"""Longest time that it may take to end before it is killed."""
_LOG = "shop.log"
_STRIDE = 10
"""Addresses between two systems."""


class ShopStartError(Exception):
    """A system of the demo that did not start."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)
        self.name, self.problem = name, problem

    def __str__(self) -> str:
        return f"demo shop {self.name} did not start: {self.problem}"


def _first_line(process: subprocess.Popen[str]) -> str:
    """Give what a process says first; empty when it ends or takes too long."""
    if process.stdout is None or not select.select([process.stdout], [], [], READY_S)[0]:
        return ""
    return process.stdout.readline().strip()


@dataclass(frozen=True)
class RunningShop:
    """One system that runs."""

    planted: Planted
    """What is planted in it."""
    declaration: Path
    """Its declaration."""
    process: subprocess.Popen[str]
    """Its process; every server of the system runs in it."""

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.declaration.parent


class Shops:
    """The three systems; a context manager. They run in processes of their own and end with the block, whatever happens in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[str, subprocess.Popen[str]] = {}
        self.running: tuple[RunningShop, ...] = ()
        """The systems, in the order of `SHOPS`; empty outside the block."""

    def __enter__(self) -> Self:
        # Another demo on this machine has, almost surely, other addresses.
        network = f"127.0.{1 + secrets.randbelow(254)}"
        first = 1 + secrets.randbelow(200)
        try:
            for position, name in enumerate(SHOPS):
                self._start(name, Ground(network=network, first=first + position * _STRIDE))
            self.running = tuple(self._await(name) for name in SHOPS)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, name: str, ground: Ground) -> None:
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        where = ["--folder", str(folder), "--network", ground.network, "--first", str(ground.first)]
        with (folder / _LOG).open("wb") as log:
            self._started[name] = subprocess.Popen(
                [sys.executable, "-m", "dashboards.demo.shop", name, *where],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _await(self, name: str) -> RunningShop:
        process = self._started[name]
        if _first_line(process) != READY:
            problem = (self._folder / name / _LOG).read_text("utf-8", errors="replace").strip().splitlines()
            raise ShopStartError(name, problem[-1] if problem else f"it was not ready within {READY_S:g} s")
        return RunningShop(SHOPS[name].planted, self._folder / name / DECLARATION, process)

    def _end(self) -> None:
        self.running = ()
        for process in self._started.values():
            process.terminate()
        for process in self._started.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        self._started.clear()
