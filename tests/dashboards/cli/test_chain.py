"""`tenken chain verify`: files and JSON cases, off-line."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from tests.dashboards.cli.commands import command, tenken
from tests.tls.mint import DAY, NOW, CrlWish, Holder, OcspWish, authority, leaf, mint_crl, mint_ocsp, root

ROOT = root()
MIDDLE = authority(ROOT)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, holder in (("leaf", leaf(MIDDLE)), ("middle", MIDDLE), ("root", ROOT)):
        (tmp_path / f"{name}.pem").write_text(holder.pem)
        (tmp_path / f"{name}.der").write_bytes(holder.der)
    return tmp_path


def verified(files: Path, *more: str, form: str = "pem") -> subprocess.CompletedProcess[str]:
    given = ("--leaf", f"leaf.{form}", "--chain", f"middle.{form}", "--anchors", f"root.{form}")
    paths = [str(files / word) if word.endswith((".pem", ".der", ".crl")) else word for word in (*given, *more)]
    return tenken(files, "chain", "verify", *paths)


def tree(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_good_chain(files: Path, form: str) -> None:
    ran = verified(files, "--name", "shop.example", "--format", "json", form=form)
    assert ran.returncode == 0
    told = tree(ran)
    assert told["accepted"] is True
    assert [part["role"] for part in told["path"]] == ["leaf", "authority", "anchor"]
    assert told["path"][0]["days_left"] in {89, 90}
    assert len(told["not_checked"]) == 2, "what was not looked at is never clean"
    assert told["anchors"] == "root.pem" if form == "pem" else "root.der"


def test_a_rejected_chain_says_why_in_both_languages(files: Path) -> None:
    ran = verified(files, "--name", "other.example", "--lang", "ja")
    assert ran.returncode == 1
    assert ran.stdout.startswith("REJECT")
    assert "other.example の証明書ではありません" in ran.stdout


def test_the_moment_and_the_purpose_are_asked_for(files: Path) -> None:
    late = (NOW + 91 * DAY).isoformat()
    assert "expired" in verified(files, "--at", late).stdout
    assert "! purpose" in verified(files, "--purpose", "client").stdout


def test_crl_and_ocsp_of_every_certificate(files: Path) -> None:
    end = x509.load_pem_x509_certificate((files / "leaf.pem").read_bytes())
    (files / "middle.crl").write_bytes(mint_crl(CrlWish(), MIDDLE))
    (files / "root.crl").write_bytes(mint_crl(CrlWish(revoked=(MIDDLE.certificate.serial_number,)), ROOT))
    good = mint_ocsp(OcspWish(status=ocsp.OCSPCertStatus.GOOD), Holder(end, MIDDLE.key), MIDDLE)
    (files / "ocsp.der").write_bytes(good)
    sources = ("--crl", "middle.crl", "--crl", "root.crl", "--ocsp", "ocsp.der")
    told = tree(verified(files, *sources, "--format", "json"))
    assert [flaw["code"] for flaw in told["flaws"]] == ["revoked"]
    assert told["flaws"][0]["certificate"] == told["path"][1]["sha256"]
    assert sorted(status["says"] for status in told["revocation"]) == ["good", "good", "revoked"]
    assert told["not_checked"] == []


def test_without_anchors_it_is_mozilla_s_set_and_says_which(files: Path) -> None:
    ran = tenken(
        files, "chain", "verify", "--leaf", files / "leaf.pem", "--chain", files / "middle.pem", "--format", "json"
    )
    told = tree(ran)
    assert told["anchors"].startswith("certifi 20")
    assert [flaw["code"] for flaw in told["flaws"]] == ["missing-issuer"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--leaf", "nowhere.pem"), "nowhere.pem: expected a file"),
        (("--at", "yesterday"), "--at: expected a moment"),
        (("--crl", "leaf.pem"), "expected CRLs"),
        (("--anchors", "junk.pem"), "expected certificates"),
    ],
    ids=str,
)
def test_wrong_input_is_told(files: Path, words: tuple[str, ...], part: str) -> None:
    (files / "junk.pem").write_text("junk")
    ran = verified(files, *words)
    assert ran.returncode == 3
    assert part in ran.stderr


def cases(*documents: str) -> subprocess.CompletedProcess[str]:
    words = command("chain", "verify", "--case-json")
    return subprocess.run(words, input="".join(documents), capture_output=True, text=True, timeout=60, check=False)


def case(**changes: object) -> dict[str, object]:
    document = {
        "validation_kind": "SERVER",
        "trusted_certs": [ROOT.pem],
        "untrusted_intermediates": [MIDDLE.pem],
        "peer_certificate": leaf(MIDDLE).pem,
        "expected_peer_name": {"kind": "DNS", "value": "shop.example"},
        "validation_time": None,
    }
    return {**document, **changes}


def test_one_case_on_many_lines() -> None:
    done = cases(json.dumps(case(), indent=2))
    assert (done.returncode, done.stdout) == (0, "ACCEPT\n")
    done = cases(json.dumps(case(trusted_certs=[]), indent=2))
    assert done.returncode == 1
    assert done.stdout.startswith("REJECT missing-issuer: ")


def test_many_cases_one_a_line() -> None:
    lines = [json.dumps(one) + "\n" for one in (case(), case(max_chain_depth=0), case(key_usage=["flying"]), case())]
    done = cases(lines[0], "\n", *lines[1:])
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "ACCEPT",
        "REJECT too-deep",
        "REJECT wrong-case",
        "ACCEPT",
    ]
    assert done.returncode == 3


def test_nothing_and_nonsense_on_stdin() -> None:
    assert cases("").returncode == 3
    done = cases("{\nnonsense")
    assert (done.returncode, done.stdout.split(":")[0]) == (3, "REJECT wrong-case")
