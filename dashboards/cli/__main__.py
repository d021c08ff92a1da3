"""`python -m dashboards.cli`: the same as the command `tenken`."""

from __future__ import annotations

from dashboards.cli.app import main

if __name__ == "__main__":
    main()
