"""Brings software into a folder of the lab, once, from the package registries; only Debian packages go elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab.instance import Instance

INSTALL_S = 600
"""Longest time for one installation."""


class NotInstalledError(Exception):
    """An instance that cannot run here; it is skipped, with this reason."""

    def __init__(self, instance: str, problem: str) -> None:
        super().__init__(instance, problem)
        self.instance, self.problem = instance, problem

    def __str__(self) -> str:
        return f"{self.instance}: {self.problem}"


def installed(instance: Instance, home: Path) -> Path:
    """Give the folder of an installed instance, after installing it if need be; raises `NotInstalledError`."""
    folder = home / instance.id
    done = folder / ".installed"
    want = "\n".join((instance.python, instance.before, *instance.packages))
    if done.exists() and done.read_text("utf-8") == want:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    {"pypi": _pypi, "npm": _npm, "debian": _debian}[instance.source](instance, folder)
    done.write_text(want, "utf-8")
    return folder


def _pypi(instance: Instance, folder: Path) -> None:
    uv = shutil.which("uv") or shutil.which(".uv/bin/uv")
    if uv is None:
        raise NotInstalledError(instance.id, "uv is not here; `make setup` brings it")
    python = _python(instance.python)
    if python is None:
        raise NotInstalledError(instance.id, f"no Python {instance.python} on this machine")
    era = ["--exclude-newer", instance.before] if instance.before else []
    _run(instance, folder, [uv, "venv", "-q", "-p", python, str(folder / "env")])
    environment = {**os.environ, "VIRTUAL_ENV": str(folder / "env")}
    _run(instance, folder, [uv, "pip", "install", "-q", *era, *instance.packages], environment)


def _python(version: str) -> str | None:
    """Find an interpreter: on the PATH, or where pyenv keeps them."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    return str(kept[-1]) if kept else shutil.which(f"python{version}")


def _npm(instance: Instance, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalledError(instance.id, "npm is not here")
    (folder / "package.json").write_text('{"name": "lab", "private": true}\n', "utf-8")
    quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
    era = [f"--before={instance.before}"] if instance.before else []
    _run(instance, folder, [npm, "install", *quiet, *era, *instance.packages])


def _debian(instance: Instance, folder: Path) -> None:
    """As `make packages` does: no service starts by itself."""
    del folder
    script = Path(__file__).parents[2] / ".ci" / "system-packages"
    missing = [f"{name}=no-such-command" for name in instance.packages if not _has(name)]
    if missing and os.geteuid() != 0:
        raise NotInstalledError(instance.id, f"needs root to install {', '.join(instance.packages)}")
    if missing:
        pairs = [f"no-such-command={pair.partition('=')[0]}" for pair in missing]
        subprocess.run([str(script), "the lab", *pairs], check=False, timeout=INSTALL_S)
    if still := [name for name in instance.packages if not _has(name)]:
        raise NotInstalledError(instance.id, f"could not install {', '.join(still)}")


def _has(package: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True, check=False
    )
    return "install ok installed" in asked.stdout


def _run(instance: Instance, folder: Path, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
    log = folder / "install.log"
    with log.open("ab") as out:
        try:
            ended = subprocess.run(
                command, cwd=folder, env=environment, stdout=out, stderr=out, timeout=INSTALL_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotInstalledError(instance.id, f"installing took more than {INSTALL_S} s") from None
    if ended.returncode:
        last = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise NotInstalledError(instance.id, f"could not be installed: {last[0][:200]}")
