"""Reviewers' decisions: explicit, recorded, and never for denial of service."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.pack import PackError, load_pack
from tests.plugins.template.samples import HEAD, text

ROUTER = "  classification: {cpe: 'cpe:2.3:o:cisco:ios:*:*:*:*:*:*:*:*'}\n"
DECISION = """\
- signature: sample
  rule: admission.network-device
  reviewer: Hanako Sato
  date: 2026-11-23
  reason: the module answers on servers as well, see the advisory
"""


def pack_in(folder: Path, decisions: str, more: str = ROUTER) -> Path:
    (folder / "a").mkdir()
    (folder / "a" / "sample.yaml").write_text(
        text(head=HEAD.replace("  severity: high\n", f"  severity: high\n{more}"))
    )
    (folder / "decisions.yaml").write_text(decisions, encoding="utf-8")
    return folder


def test_a_recorded_decision_lets_a_signature_in_and_counts_into_the_digest(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.mkdir()
    two.mkdir()
    pack = load_pack(pack_in(one, DECISION))
    assert [(each.signature, each.reviewer) for each in pack.decisions] == [("sample", "Hanako Sato")]
    other = load_pack(pack_in(two, DECISION.replace("advisory", "advisory of the vendor")))
    assert other.digest != pack.digest


@pytest.mark.parametrize(
    ("change", "more", "told"),
    [
        (("sample", "another"), ROUTER, "decisions.yaml:1: there is no signature 'another'"),
        (("sample", "another"), ROUTER, "a/sample.yaml:0: not admitted, admission.network-device: router in cpe:2.3:o:cisco"),
        (("Hanako Sato", "Tenken"), ROUTER, "decisions.yaml:3: an author cannot review"),
        (("network-device", "local-network"), ROUTER, "decisions.yaml:2: admission.local-network does not keep sample out"),
        (("network-device", "availability-only"), "  tags: dos\n", "gives way to nobody"),
        (("network-device", "availability-only"), "  tags: dos\n", "not admitted, admission.availability-only: tag dos"),
        (("2026-11-23", "yesterday"), ROUTER, "decisions.yaml:4: expected a date"),
        (("the module answers on servers as well, see the advisory", "ok"), ROUTER, "decisions.yaml:5: expected a reason"),
        (("  reviewer: Hanako Sato\n", ""), ROUTER, "reviewer is missing"),
        (("- signature", "- siganture"), ROUTER, "unknown key"),
        ((DECISION, "- ["), ROUTER, "decisions.yaml:"),
    ],
)  # fmt: skip
def test_a_decision_that_decides_nothing_good(tmp_path: Path, change: tuple[str, str], more: str, told: str) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(pack_in(tmp_path, DECISION.replace(*change), more))
    assert told in str(caught.value)
