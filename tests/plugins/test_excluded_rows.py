"""The excluded classes, hole by hole: 178 that policy keeps out, 346 known exploited ones that it must let in.

Both tables were taken from public records (CVE, NVD, CISA's catalogue). What a record does not tell, no rule can decide by: those
holes are listed here by name, and nothing in the corpus may be about them either.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from plugins.admission import BALANCER_ROLE, Rule, examine_class, roles_of
from plugins.template.model import Classification
from tests.pack import PACK


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


EXCLUDED = _rows("excluded.tsv")
EXPLOITED = _rows("exploited.tsv")
ELIGIBLE = [row for row in EXPLOITED if row["eligible"] == "yes"]
RULES = {
    "device": {Rule.NETWORK_DEVICE},
    "device and LAN": {Rule.NETWORK_DEVICE, Rule.LOCAL_NETWORK},
    "LAN and balancer": {Rule.LOCAL_NETWORK},
    "LAN": {Rule.LOCAL_NETWORK},
    "local": {Rule.LOCAL_ACCOUNT},
    "stress": {Rule.AVAILABILITY},
}
SILENT = {
    "CVE-2021-21703", "CVE-2021-42340", "CVE-2021-45105", "CVE-2025-30232", "CVE-2023-50387", "CVE-2023-50868",
    "CVE-2023-46848", "CVE-2022-0778", "CVE-2021-4034", "CVE-2022-0847", "CVE-2023-4911", "CVE-2023-0386",
    "CVE-2021-3560", "CVE-2025-32463", "CVE-2021-36942", "CVE-2024-24549", "CVE-2021-30047", "CVE-2023-29552",
    "CVE-2002-20001", "CVE-2024-30156", "CVE-2023-24998",
}  # fmt: skip
"""Their records hold no vector and no weakness that tells."""
CONTRADICTED = {"CVE-2017-14493", "CVE-2017-14492", "CVE-2021-34527", "CVE-2020-1472", "CVE-2019-14287"}
"""Their vectors say that they are reachable from the Internet; people know that they are not."""

LOCAL_BY_RECORD = ("CVE-2020-28949", "CVE-2020-1147", "CVE-2021-27065", "CVE-2021-26857", "CVE-2017-16651")
REFUSED = {**{cve: {Rule.LOCAL_ACCOUNT} for cve in LOCAL_BY_RECORD}, "CVE-2017-10271": {Rule.AVAILABILITY}}
"""Exploited over the Internet, but their records say otherwise: five need a reviewer's decision, the last gives way to nobody."""


def _classified(row: dict[str, str]) -> Classification:
    weaknesses = tuple(part for part in row["cwe"].split(",") if part)
    return Classification(cve=(row["id"],), cwe=weaknesses, cvss=row["cvss"], cpe=row.get("cpe", ""))


@pytest.mark.parametrize("row", EXCLUDED, ids=[f"{row['class']}-{row['id']}" for row in EXCLUDED])
def test_what_policy_excludes_is_refused_by_its_rule(row: dict[str, str]) -> None:
    found = {refusal.rule for refusal in examine_class(_classified(row), ())}
    if row["id"] in SILENT | CONTRADICTED:
        assert not found
    elif row["class"] == "balancer":
        assert not found
        assert roles_of(_classified(row)) == (BALANCER_ROLE,)
    else:
        assert found >= RULES[row["class"]] or found & {Rule.LOCAL_ACCOUNT, Rule.AVAILABILITY}


def test_how_many_are_refused_by_which_rule(capsys: pytest.CaptureFixture[str]) -> None:
    told = Counter(refusal.rule for row in EXCLUDED for refusal in examine_class(_classified(row), ()))
    refused = sum(bool(examine_class(_classified(row), ())) for row in EXCLUDED)
    roles = sum(bool(roles_of(_classified(row))) for row in EXCLUDED if row["class"] == "balancer")
    with capsys.disabled():
        table = ", ".join(f"{rule.removeprefix('admission.')} {number}" for rule, number in sorted(told.items()))
        print(f"\n{refused} of {len(EXCLUDED)} excluded holes refused ({table}); {roles} only for balancers")
    assert refused + roles + len(SILENT) + len(CONTRADICTED) == len(EXCLUDED)
    assert {Rule.NETWORK_DEVICE, Rule.LOCAL_NETWORK, Rule.LOCAL_ACCOUNT, Rule.AVAILABILITY} == set(told)


def test_no_signature_is_about_an_excluded_hole() -> None:
    excluded = {row["id"] for row in EXCLUDED if row["class"] != "balancer"}
    about = {cve: one.source for one in PACK.signatures for cve in one.template.classification.cve}
    assert {cve: source for cve, source in about.items() if cve in excluded} == {}


@pytest.mark.parametrize("row", ELIGIBLE, ids=[f"{row['category']}-{row['id']}" for row in ELIGIBLE])
def test_no_eligible_hole_that_is_exploited_is_refused(row: dict[str, str]) -> None:
    assert {refusal.rule for refusal in examine_class(_classified(row), ())} == REFUSED.get(row["id"], set())
    if row["category"] == "shop":
        assert row["id"] not in REFUSED


def test_signatures_are_tagged_as_exploited_when_they_are() -> None:
    known = {row["id"] for row in EXPLOITED}
    about = [one for one in PACK.signatures if known.intersection(one.template.classification.cve)]
    assert [one.source for one in about if "kev" not in one.template.tags] == []
    tagged = [one for one in PACK.signatures if "kev" in one.template.tags]
    assert [one.source for one in tagged if not known.intersection(one.template.classification.cve)] == []
