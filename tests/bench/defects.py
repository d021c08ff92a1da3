"""Every defect of the tests, through ours, openssl, sslyze and testssl.sh: one table.

`python -m tests.bench.defects --write` puts the table into docs/chains.md.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cryptography import x509

from probes.observation import Ending, ItemEnded, Observation
from probes.target import Item, Scope, TlsVersion
from probes.tls.conversation import Limits
from probes.tls.judge import judge
from probes.tls.look import look
from probes.verdict import Outcome
from tests.probes.scene import FAST, dialer_for, recorder
from tests.probes.tls import test_defects, test_protocols
from tests.servers.process import installed
from tests.tls.defects import HOST as NAME
from tests.tls.defects import Body, Defect
from tests.tls.flawed import FLAWS, flawed
from tests.tls.protocols import PROTOCOLS, RAW, speaking
from tests.tls.serving import SHOPS, Listeners, served

BUDGET_S = 320.0
"""After so long no other tool is started any more."""
HOST = "127.62.9.1"
DOCUMENT = Path(__file__).parents[2] / "docs" / "chains.md"
BEGIN, END = "<!-- begin: python -m tests.bench.defects --write -->", "<!-- end -->"
NOT_RUN = "not run"
QUIET = {"", NOT_RUN, "nothing", "valid", "OK", "handshake"}
TESTSSL_OF = {
    "rc4": "-s", "3des": "-s", "null": "-s", "anonymous": "-s", "dh1024": "-L", "no-forward-secrecy": "-f",
    "heartbleed": "-H", "heartbeats-discarded": "-H", "ccs-injection": "-I", "robot-strong": "-BB", "robot-weak": "-BB",
    "insecure-renegotiation": "-R", "compression": "-C", "sound": "-H",
}  # fmt: skip
"""The one check of testssl.sh that is about a defect; for the others -p."""
NOISE = {"pre_128cipher", "engine_problem", "optimal_proto"}
"""What testssl.sh says of the machine and of tlslite, which has nothing to do with the defect."""
CERTINFO = ["--certinfo"]
LISTS = ["--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"]
TRICKS = ["--heartbleed", "--openssl_ccs", "--robot", "--reneg", "--compression", "--tlsv1_1"]


@dataclass
class Row:
    """One defect and what each tool says of it."""

    kind: str
    name: str
    expected: str
    """Rule that has to name it; empty: nothing is wrong."""
    ours: str = ""
    openssl: str = NOT_RUN
    sslyze: str = NOT_RUN
    testssl: str = NOT_RUN


def _ours(asked: Scope, observations: list[Observation]) -> str:
    at = observations[-1].at
    ended = Observation(server="web", item=Item.TLS, at=at, fact=ItemEnded(ending=Ending.FINISHED))
    judgement = judge(asked, [*observations, ended], None)
    if found := dict.fromkeys(finding.rule for finding in judgement.findings):
        return ", ".join(found)
    untested = dict.fromkeys(row.check for row in judgement.coverage if row.outcome is Outcome.NOT_TESTED)
    if len(untested) > 3:
        return "not tested"
    return "not tested: " + ", ".join(untested) if untested else "nothing"


def _said(words: Sequence[str], seconds: float, asked: bytes = b"") -> str:
    try:
        run = subprocess.run(words, input=asked, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "TIMEOUT"
    return (run.stdout + run.stderr).decode("utf-8", "replace")


def _openssl_verify(defect: Defect, paths: dict[str, Body], folder: Path) -> str:
    """Ask `openssl verify`, which gets the CRLs as files."""
    leaf = x509.load_pem_x509_certificate(defect.chain[0].pem.encode())
    cdp = [one for one in leaf.extensions if isinstance(one.value, x509.CRLDistributionPoints)]
    files = {"leaf": defect.chain[0].pem, "sent": "".join(one.pem for one in defect.chain[1:])}
    files["anchors"] = "".join(one.pem for one in defect.anchors)
    for name, text in files.items():
        (folder / name).write_text(text)
    words = ["openssl", "verify", "-purpose", "sslserver", "-verify_hostname", NAME, "-CAfile", str(folder / "anchors")]
    if files["sent"]:
        words += ["-untrusted", str(folder / "sent")]
    if cdp:
        words.append("-crl_check_all")
        for path in (f"/{defect.name}.crl", "/root.crl"):
            if isinstance(body := paths.get(path), bytes):
                (folder / path[1:]).write_bytes(body)
                words += ["-CRLfile", str(folder / path[1:])]
    said = _said([*words, str(folder / "leaf")], 20)
    if said.rstrip().endswith(": OK"):
        return "OK"
    lines = [line for line in said.splitlines() if "lookup:" in line or "unable to load" in line.lower()]
    first = (lines or said.splitlines() or ["no answer"])[0].rpartition("lookup:")[2]
    return first.replace(f"{folder}/", "").strip()[:60]


def _openssl_client(address: str, port: int) -> str:
    """Ask `openssl s_client`, which gives no opinion: whether a handshake works with what this machine allows."""
    said = _said(["openssl", "s_client", "-connect", f"{address}:{port}", "-servername", NAME], 6)
    if "TIMEOUT" in said:
        return "no handshake (hangs)"
    return "no handshake" if "Cipher is (NONE)" in said or "Cipher is" not in said else "handshake"


def _sslyze(places: dict[int, str], address: str, words: list[str], seconds: float, ca: str = "") -> dict[int, Any]:
    """Give the scan results of many servers by port; nothing for those that were not scanned in time."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        if ca:
            (Path(folder) / "ca.pem").write_text(ca)
            words = [*words, "--certinfo_ca_file", str(Path(folder) / "ca.pem")]
        program = str(Path(sys.executable).parent / "sslyze")
        targets = [f"{NAME}:{port}{{{address}}}" for port in places]
        _said([program, "--json_out", str(out), *words, *targets], seconds)
        if not out.exists():
            return {}
        found = json.loads(out.read_text())["server_scan_results"]
    return {one["server_location"]["port"]: one for one in found}


def _certinfo(scan: dict[str, Any]) -> str:
    if not scan.get("scan_result"):
        return "no connectivity"
    info = scan["scan_result"]["certificate_info"]
    if not info["result"]:
        return f"error: {info['error_reason']}"
    deployment = info["result"]["certificate_deployments"][0]
    own = [one for one in deployment["path_validation_results"] if "upplied" in one["trust_store"]["name"]]
    error = own[0]["validation_error"] if own else ""
    if error:
        return str(error).partition("\n")[0][:60]
    return "valid, wrong order" if deployment["received_chain_has_valid_order"] is False else "valid"


def _weak_or_not(scan: dict[str, Any]) -> str:
    """Put into words what sslyze's answers say against a server."""
    result = scan.get("scan_result")
    if not result:
        return "no connectivity"
    said = list(_tricks(result))
    suites = [
        one["cipher_suite"]["name"]
        for name, part in result.items()
        if name.endswith("cipher_suites") and part["result"]
        for one in part["result"]["accepted_cipher_suites"]
    ]
    weak = [kind for kind in ("RC4", "3DES", "NULL", "anon", "EXPORT") if any(kind in suite for suite in suites)]
    old = [
        name.removesuffix("_cipher_suites")
        for name in ("ssl_2_0_cipher_suites", "ssl_3_0_cipher_suites", "tls_1_0_cipher_suites", "tls_1_1_cipher_suites")
        if (result.get(name) or {}).get("result") and result[name]["result"]["accepted_cipher_suites"]
    ]
    if "heartbleed" not in result or not result["heartbleed"]["result"]:
        said += old
    return ", ".join([*said, *weak]) or "nothing"


def _tricks(result: dict[str, Any]) -> Iterator[str]:
    def told(name: str) -> dict[str, Any]:
        return (result.get(name) or {}).get("result") or {}

    if told("heartbleed").get("is_vulnerable_to_heartbleed"):
        yield "heartbleed"
    if told("openssl_ccs_injection").get("is_vulnerable_to_ccs_injection"):
        yield "ccs"
    if "VULNERABLE_" in (robot := str(told("robot").get("robot_result", ""))) and not robot.startswith("NOT"):
        yield robot.removeprefix("VULNERABLE_").lower()
    if told("session_renegotiation").get("supports_secure_renegotiation") is False:
        yield "insecure renegotiation"
    if told("tls_compression").get("supports_compression"):
        yield "compression"


def _testssl(address: str, port: int, check: str, seconds: float) -> str:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        words = ["testssl", check, "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", address]
        said = _said([*words, "--jsonfile", str(out), f"{NAME}:{port}"], seconds)
        if said == "TIMEOUT":
            return f"no answer in {seconds:.0f} s"
        try:
            found = json.loads(out.read_text())
        except (OSError, json.JSONDecodeError):
            return "no connectivity"
    found = [one for one in found if one["id"] not in NOISE]
    bad = [one for one in found if one["severity"] in {"LOW", "MEDIUM", "HIGH", "CRITICAL"}]
    stopped = [one for one in found if one["severity"] in {"FATAL", "WARN"}]
    words = [f"{one['id']}: {one['finding']}"[:40] for one in (bad or stopped)[:2]]
    return "; ".join(words) or "nothing"


def chain_rows(until: float) -> list[Row]:
    """Every chain and revocation defect."""
    rows = []
    with served() as (ground, ports, _, source), tempfile.TemporaryDirectory() as folder:
        groups: dict[tuple[str, ...], list[Defect]] = {}
        for defect in ground.defects:
            groups.setdefault(tuple(anchor.pem for anchor in defect.anchors), []).append(defect)
        notes = recorder()
        scans: dict[int, Any] = {}
        for anchors, defects in groups.items():
            asyncio.run(look(test_defects.scope_of(defects, ports, source), dialer_for(pace=FAST), notes, None))
            places = {ports[one.name]: one.name for one in defects}
            if time.monotonic() < until:
                scans |= _sslyze(places, SHOPS, CERTINFO, 90, "".join(anchors))
        for defect in ground.defects:
            asked = test_defects.scope_of([defect], ports, source)
            row = Row("chain", defect.name, defect.rule, _ours(asked, notes.observations))
            row.openssl = _openssl_verify(defect, ground.paths, Path(folder))
            scan = scans.get(ports[defect.name])
            row.sslyze = _certinfo(scan) if scan else NOT_RUN
            rows.append(row)
    return rows


def protocol_rows(until: float) -> list[Row]:
    """Every protocol defect and every flaw of an implementation."""
    listeners, leaf, middle = Listeners(), test_protocols.LEAF, test_protocols.MIDDLE
    chain = [leaf, middle]
    ports = {one.name: listeners.listen(HOST, speaking(one, leaf, chain)) for one in PROTOCOLS}
    ports |= {name: listeners.listen(HOST, answer) for name, answer in RAW.items()}
    flaws = {f"impl: {name}": listeners.listen(HOST, flawed(name, leaf, chain)) for name in FLAWS}
    listeners.start()
    notes = recorder()

    def scope(port: int, versions: Sequence[TlsVersion], *, deep: bool) -> Scope:
        made = test_protocols.scope(test_protocols.endpoint(port, tuple(versions)))
        return replace(made, target=replace(made.target, addresses=(HOST,)), deep=deep)

    spoken = {one.name: one.speaks for one in PROTOCOLS} | dict.fromkeys(flaws, (TlsVersion.TLS_1_1,))
    weak = {one.name for one in PROTOCOLS if one.weak} | set(flaws)
    rows = []
    for name, port in (ports | flaws).items():
        # What has no flaw but its version is declared wrongly: as TLS 1.2 only, or 1.3 only where that is true.
        other = TlsVersion.TLS_1_3 if spoken.get(name) == (TlsVersion.TLS_1_2,) else TlsVersion.TLS_1_2
        asked = scope(port, spoken[name] if name in weak else (other,), deep=name in flaws)
        asyncio.run(look(asked, dialer_for(pace=FAST), notes, None, limits=Limits(connection_s=2.0)))
        rows.append(Row("protocol", name, "", _ours(asked, notes.observations)))
    scans: dict[int, Any] = {}
    for places, words in ((ports, LISTS), (flaws, TRICKS)):
        left = until - time.monotonic()
        if left > 20:
            scans |= _sslyze({port: name for name, port in places.items()}, HOST, words, min(left, 150))

    def others(row: Row) -> None:
        port = (ports | flaws)[row.name]
        row.openssl = _openssl_client(HOST, port)
        row.sslyze = _weak_or_not(scans[port]) if port in scans else NOT_RUN
        left = until - time.monotonic()
        if left > 15 and installed("testssl"):
            row.testssl = _testssl(
                HOST,
                port,
                TESTSSL_OF.get(row.name.removeprefix("impl: "), "-p"),
                min(left, 10 if row.name in RAW else 40),
            )

    with ThreadPoolExecutor(3) as pool:
        # Implementations first: there is one check for each, and it is quick.
        list(pool.map(others, sorted(rows, key=lambda row: row.name not in flaws)))
    listeners.close()
    return rows


def table(rows: Sequence[Row]) -> list[str]:
    """Lay out the table."""
    lines = ["| defect | ours | openssl | sslyze | testssl.sh |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (row.name, row.ours, row.openssl, row.sslyze, row.testssl)
        lines.append("| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |")
    return lines


def summary(rows: Sequence[Row]) -> list[str]:
    """Count."""
    broken = [row for row in rows if row.kind == "chain" and row.expected]
    sound = [row for row in rows if row.kind == "chain" and not row.expected and row.ours == "nothing"]
    named = sum(row.ours == row.expected for row in broken)
    lines = [
        f"Of {len(broken)} chain and revocation defects ours names {named} by the right rule and nothing beside it;"
    ]
    for tool in ("openssl", "sslyze"):
        ran = [row for row in broken if getattr(row, tool) != NOT_RUN]
        loud = sum(getattr(row, tool) not in QUIET for row in ran)
        wrong = sum(getattr(row, tool) not in QUIET for row in sound)
        lines.append(
            f"{tool} complains (of whatever) about {loud} of {len(ran)}, and about {wrong} of {len(sound)} sound ones;"
        )
    lines[-1] = lines[-1].removesuffix(";") + "."
    return lines


def _versions() -> str:
    openssl = _said(["openssl", "version"], 5).strip().partition(" (")[0]
    testssl = "testssl.sh not installed"
    if installed("testssl"):
        words = _said(["testssl", "--version"], 15).split()
        testssl = "testssl.sh " + next((word for word in words if word[:1].isdigit()), "?")
    return f"{openssl}, sslyze {version('sslyze')}, {testssl}"


def run() -> list[str]:
    """Give the whole part as lines of Markdown."""
    started = time.monotonic()
    chains = chain_rows(started + BUDGET_S)
    rows = [*chains, *protocol_rows(started + BUDGET_S)]
    head = f"Measured {datetime.now(UTC):%Y-%m-%d} with {_versions()}, in {time.monotonic() - started:.0f} s."
    return [head, *summary(rows), "", *table(rows)]


def main() -> None:
    """Print the table."""
    print("\n".join(run()))


def write() -> None:
    """Put the table into the document."""
    lines = run()
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + after, encoding="utf-8")


if __name__ == "__main__":
    write() if "--write" in sys.argv else main()
