"""`make figures`: write again what is generated, and take the picture of the README when Chromium is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from dashboards.grafana import dashboard
from dashboards.report import schema as result_schema
from plugins.template.schema import schema as signature_schema
from scheduler.declaration import schema as declaration_schema
from tests.grid import escaping
from tests.probes.ports import building

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "report.png"
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]


def main() -> int:
    """Write schemas, dashboard and the table of the walls; picture the report of the failing demo shop."""
    result_schema.write()
    declared = json.dumps(declaration_schema(), ensure_ascii=False, indent=2) + "\n"
    (ROOT / "docs" / "declaration.schema.json").write_text(declared, encoding="utf-8")
    signed = json.dumps(signature_schema(), ensure_ascii=False, indent=2) + "\n"
    (ROOT / "docs" / "signature.schema.json").write_text(signed, encoding="utf-8")
    dashboard.main()
    building.main()
    escaping.write(ROOT / "docs" / "walls.md")
    if (chromium := shutil.which("chromium")) is None:
        print("figures: no chromium, so docs/pictures/report.png stays as it is (Debian: apt-get install chromium)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        demo = [sys.executable, "-m", "dashboards.cli", "demo", "--out", folder]
        subprocess.run(demo, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        page = (Path(folder) / "fail" / "report.html").as_uri()
        size, profile = "--window-size=1000,1250", f"--user-data-dir={folder}/profile"
        command = [chromium, *QUIET, size, profile, f"--screenshot={PICTURE}", page]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(f"figures: {PICTURE.relative_to(ROOT)} taken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
