"""Ray, with the settings that have to stand before it is imported. Every module of the grid takes `ray` from here.

Ray reads its environment once, at import. Token authentication is on: whoever can reach a Ray port could otherwise run code on the
workers. A cluster that `tenken` starts for itself gets a fresh token; a joined one needs `RAY_AUTH_TOKEN` or its token file.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def _prepare(environment: dict[str, str], token_file: Path) -> dict[str, str]:
    """Give the settings that are missing from `environment`."""
    wanted = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
    if "RAY_AUTH_TOKEN_PATH" not in environment and not token_file.exists():
        wanted["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    return {name: setting for name, setting in wanted.items() if name not in environment}


os.environ.update(_prepare(dict(os.environ), Path.home() / ".ray" / "auth_token"))

import ray  # noqa: E402, TID251 - see above: the settings come first
from ray.exceptions import RayError  # noqa: E402, TID251 - same

__all__ = ["RayError", "ray"]
