"""A member of the security staff, as a new user: from the first line of a signature to a running service that uses it."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.cli.app import run
from tests.dashboards.cli.commands import tenken
from tests.dashboards.cli.served import Client, TenkenServe, until
from tests.dashboards.cli.test_serve_end_to_end import declaration, outcome, window

FOLDER = Path(__file__).parents[4] / "signatures"
ADDRESS = "127.44.2.1"
PAGE = b"internal build 7f3a\n"
NEW = {
    "id": "build-page-open",
    "family": "exposure",
    "name": "Build page",
    "severity": "high",
    "threat": "file-read",
    "path": "/internal/build",
    "word": "internal build",
    "title-en": "The build page is public",
    "title-ja": "ビルド情報が公開されています",
    "remedy-en": "Deny /internal/.",
    "remedy-ja": "/internal/ へのアクセスを拒否してください。",
    "reference": "https://shop.example/advisory/1",
    "author": "Security staff",
}


@contextlib.contextmanager
def shop(pages: dict[str, bytes]) -> Iterator[int]:
    """Run a shop of a few pages."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = http.server.ThreadingHTTPServer((ADDRESS, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small corpus of the member's own: what the control of a run needs, and the fingerprints of this tree."""
    made = tmp_path / "signatures"
    for family in ("exposure", "strapi", "fingerprints", "checks"):
        shutil.copytree(FOLDER / family, made / family)
    return made


@dataclass
class Said:
    """What a command said."""

    returncode: int
    stdout: str
    stderr: str


Staff = Callable[..., Said]


@pytest.fixture
def staff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Staff:
    """Run `tenken signatures` in this process: what arms no guard needs none of its own, and that is much quicker."""
    monkeypatch.setenv("TENKEN_HOME", str(tmp_path / "tenken"))

    def run_(*arguments: str | Path) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Said(code, told.out, told.err)

    return run_


def new(staff: Staff, folder: Path) -> None:
    options = [text for name, value in NEW.items() for text in (f"--{name}", value)]
    done = staff("signatures", "new", "--folder", folder, *options)
    assert done.returncode == 0, done.stderr


def released(staff: Staff, home: Path, folder: Path) -> Path:
    """Pack, and let two people sign."""
    done = staff("signatures", "pack", "--folder", folder, "--out", home)
    assert done.returncode == 0, done.stdout + done.stderr
    (pack,) = home.glob("*.tenken-pack")
    for name in ("Hanako", "Taro"):
        signed = staff("signatures", "sign", pack, "--name", name, "--key", home / f"{name}.pem")
        assert signed.returncode == 0, signed.stderr
    return pack


def reviewers(staff: Staff, home: Path) -> str:
    lines = [
        staff("signatures", "key", "--name", name, "--key", home / f"{name}.pem").stdout for name in ("Hanako", "Taro")
    ]
    return "".join(lines)


@pytest.mark.real
def test_from_the_first_line_to_a_running_service_without_a_restart(tmp_path: Path, folder: Path, staff: Staff) -> None:
    serve = TenkenServe(tmp_path / "data", tmp_path / "home")
    with shop({"/": b"welcome", "/internal/build": PAGE}) as port, contextlib.closing(serve):
        serve.start()
        body = Client(serve.url, serve.token("review-body"))
        document = declaration("hana", ADDRESS, port, "declared")
        document = document.replace(
            "connections_per_s: 50, requests_per_s: 20", "connections_per_s: 500, requests_per_s: 500"
        )
        hana = Client(serve.url, body.post("/api/systems", document=document)["operator_token"])
        assert "build-page-open" not in _rules(body, hana)

        new(staff, folder)
        done = staff("signatures", "test", "--folder", folder, "build-page-open")
        assert done.returncode == 0, done.stdout
        tried = tenken(tmp_path, "signatures", "try", _file(folder), f"http://{ADDRESS}:{port}")
        assert tried.returncode == 1, tried.stderr
        assert "GET /internal/build -> 200, 20 bytes (second look)" in tried.stdout
        assert "match: The build page is public (verified, failing)" in tried.stdout
        assert r"received: HTTP/1.0 200 OK" in tried.stdout
        assert "internal build 7f3a" in tried.stdout
        pack = released(staff, tmp_path, folder)
        (serve.data / "reviewers.yaml").write_text(reviewers(staff, tmp_path), encoding="utf-8")
        installed = staff("signatures", "install", pack, "--data", serve.data)
        assert installed.returncode == 0, installed.stdout + installed.stderr

        assert "build-page-open" in _rules(body, hana)
        digest = pack.name.partition(".")[0]
        (latest, *_) = [row for row in _results(serve.data) if row["pack_digest"].startswith(digest)]
        assert {entry["check"] for entry in latest["verdict"]["coverage"]} >= {"build-page-open"}
        assert "pack-taken" in (serve.data / "audit.jsonl").read_text()
        inspection = serve.data / "inspections" / latest["inspection_id"]
        again = staff("judge", inspection, "--pack", pack)
        assert (again.returncode, "the same as the stored verdict" in again.stdout) == (0, True), again.stdout
        assert staff("judge", inspection, "--pack", folder).returncode == 3

        # A pack that is no good is told of and not used.
        (serve.data / "signatures.tenken-pack").write_bytes(b"no pack")
        assert "build-page-open" in _rules(body, hana)
        assert "a new signature pack is not used" in serve.said()


def _rules(body: Client, shop_: Client) -> set[str]:
    """Inspect, and give the rules of the findings."""
    plan = body.post("/api/plans", {"system": "hana", "window": window(1, 120), "items": ["holes"]})
    shop_.post(f"/api/plans/{plan['plan_id']}/accept", {"digest": plan["digest"]})
    until(lambda: outcome(body, plan["plan_id"]) not in {"", "running"}, "the end", 100)
    result = body.get(f"/api/plans/{plan['plan_id']}/result")
    assert all(item["ending"] == "finished" for server in result["servers"] for item in server["items"]), result
    return {finding["rule"] for finding in result["verdict"]["findings"]}


def _results(data: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in data.glob("inspections/*/result.json")]


def _file(folder: Path, name: str = "build-page-open") -> Path:
    return folder / "exposure" / f"{name}.yaml"


def test_a_real_exchange_becomes_a_transcript(tmp_path: Path, folder: Path, staff: Staff) -> None:
    new(staff, folder)
    with shop({"/": b"welcome"}) as port:
        url = f"http://{ADDRESS}:{port}"
        printed = tenken(tmp_path, "signatures", "record", f"{url}/", "--kind", "look-alike")
        assert printed.returncode == 0, printed.stderr
        (case,) = yaml.safe_load(printed.stdout)
        assert case["exchanges"][0]["path"] == "/"
        assert case["exchanges"][0]["body"] == "welcome"
        done = tenken(
            tmp_path, "signatures", "record", url, "--for", _file(folder), "--kind", "fixed", "--server", "mended"
        )
        assert done.returncode == 0, done.stderr
    proved = staff("signatures", "test", "--folder", folder, "build-page-open")
    assert proved.returncode == 0
    assert "1 signatures, 4 transcripts" in proved.stdout
    assert "server: mended" in _file(folder, "build-page-open.transcripts").read_text()


def test_a_server_that_is_not_ours_gets_nothing(tmp_path: Path, folder: Path, staff: Staff) -> None:
    new(staff, folder)
    for url, told in (
        ("http://192.0.2.1", "is not loopback"),
        ("http://shop.example:8080", "is not loopback"),
        ("ftp://127.0.0.1", "is no web address"),
        ("http://user@127.0.0.1", "is no web address"),
    ):
        done = staff("signatures", "try", _file(folder), url)
        assert (done.returncode, told in done.stderr) == (3, True), done.stderr
    assert not (tmp_path / "tenken" / "audit.jsonl").exists()


def test_one_person_cannot_release(tmp_path: Path, folder: Path, staff: Staff) -> None:
    pack = released(staff, tmp_path, folder)
    (tmp_path / "reviewers.yaml").write_text(reviewers(staff, tmp_path), encoding="utf-8")
    both = staff("signatures", "verify", pack, "--reviewers", tmp_path / "reviewers.yaml")
    assert (both.returncode, "signed by Hanako, Taro" in both.stdout) == (0, True), both.stderr
    (tmp_path / "one.yaml").write_text(reviewers(staff, tmp_path).rpartition("- name")[0], encoding="utf-8")
    one = staff("signatures", "verify", pack, "--reviewers", tmp_path / "one.yaml")
    assert (one.returncode, "expected the signatures of 2 different reviewers, saw Hanako" in one.stderr) == (3, True)
    log = staff("audit", "show").stdout
    assert log.count("pack-signed") == 2


def test_what_fails_its_tests_is_not_released(tmp_path: Path, folder: Path, staff: Staff) -> None:
    new(staff, folder)
    transcripts = _file(folder, "build-page-open.transcripts")
    transcripts.write_text(transcripts.read_text().replace("kind: fixed", "kind: vulnerable"))
    done = staff("signatures", "pack", "--folder", folder, "--out", tmp_path)
    assert done.returncode == 1
    assert "build-page-open: has no transcript of a fixed server" in done.stdout
    assert not list(tmp_path.glob("*.tenken-pack"))


def test_a_pack_that_the_control_of_a_run_cannot_pass_is_not_released(
    tmp_path: Path, folder: Path, staff: Staff
) -> None:
    (folder / "strapi" / "CVE-2019-18818.yaml").unlink()
    done = staff("signatures", "pack", "--folder", folder, "--out", tmp_path)
    assert done.returncode == 1
    assert "CVE-2019-18818: is not in the folder, but the control of every run has to find it" in done.stdout
    assert not list(tmp_path.glob("*.tenken-pack"))


STEM = FOLDER / "exposure" / "git-repository-exposed.yaml"
REFUSED = {
    "state-changing": ("max-size: 128", "method: DELETE\n    max-size: 128", "admission.state-changing-method"),
    "posting": ("max-size: 128", "method: POST\n    max-size: 128", "admission.state-changing-method"),
    "denial": ("tags: ", "tags: dos,", "admission.availability-only: tag dos"),
    "denial-by-vector": (
        "    cwe-id: CWE-538",
        "    cvss-metrics: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
        "admission.availability-only: no impact on confidentiality or integrity",
    ),
    "router": (
        "    cwe-id: CWE-538",
        "    cpe: cpe:2.3:o:tp-link:archer_ax21_firmware:*:*:*:*:*:*:*:*",
        "admission.network-device: router in cpe:2.3:o:tp-link",
    ),
    "lan-only": (
        "    cwe-id: CWE-538",
        "    cvss-metrics: CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "admission.local-network: AV:A",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_excluded_is_refused_with_the_name_of_the_rule(tmp_path: Path, kind: str, staff: Staff) -> None:
    old, changed, told = REFUSED[kind]
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    text = STEM.read_text(encoding="utf-8")
    assert old in text
    (foreign / "good.yaml").write_text(text, encoding="utf-8")
    (foreign / "bad.yaml").write_text(text.replace(old, changed, 1), encoding="utf-8")
    done = staff("signatures", "import", foreign, "--into", tmp_path / "drafts")
    assert done.returncode == 1
    bad, good, total = done.stdout.splitlines()
    assert bad.startswith("refused ")
    assert told in bad
    assert good.startswith("admitted ")
    assert total == "2 files: 1 admitted, 1 refused"
    assert [file.name for file in (tmp_path / "drafts").rglob("*.yaml")] == ["git-repository-exposed.yaml"]
    own = tmp_path / "signatures" / "exposure"
    own.mkdir(parents=True)
    (own / "git-repository-exposed.yaml").write_text(text.replace(old, changed, 1), encoding="utf-8")
    linted = staff("signatures", "lint", "--folder", own.parent)
    assert (linted.returncode, told in linted.stdout) == (1, True), linted.stdout


def test_lint_gives_file_and_line_and_all_mistakes(folder: Path, staff: Staff) -> None:
    new(staff, folder)
    file = _file(folder)
    file.write_text(file.read_text().replace("severity: high", "severity: awful").replace("matchers:", "matchres:"))
    done = staff("signatures", "lint", "--folder", folder)
    assert done.returncode == 1
    assert "exposure/build-page-open.yaml:5: expected one of info" in done.stdout
    assert "unknown key" in done.stdout
    assert "Traceback" not in done.stderr


def test_what_there_is_can_be_found_and_shown(folder: Path, staff: Staff) -> None:
    listed = json.loads(staff("signatures", "list", "--folder", folder, "--format", "json").stdout)
    assert {row["id"] for row in listed["signatures"]} >= {"git-repository-exposed", "session-id-counts"}
    found = staff("signatures", "search", "--folder", folder, "git", "リポジトリ")
    assert (found.returncode, "git-repository-exposed" in found.stdout) == (0, True)
    assert staff("signatures", "search", "--folder", folder, "no such word").returncode == 1
    shown = staff("signatures", "show", "--folder", folder, "git-repository-exposed").stdout
    assert "GET /.git/HEAD" in shown
    assert "look-alike: article about Git" in shown
    page = staff("signatures", "list", "--folder", folder, "--format", "html", "--lang", "ja").stdout
    assert '<html lang="ja">' in page
    assert "ファイルの読み取り" in page
    assert staff("signatures", "show", "--folder", folder, "nothing").returncode == 3
    schema = json.loads(staff("signatures", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
