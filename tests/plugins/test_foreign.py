"""Foreign templates: each is admitted or refused as a whole, with every reason, and nothing is dropped silently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.foreign import bring
from plugins.template.load import load

FOREIGN = """\
id: some-panel
info:
  name: Some panel
  author: somebody
  severity: high
  description: Reads a file.
  tags: acme,lfi
  metadata:
    max-request: 1
    verified: true
http:
  - method: GET
    path:
      - "{{BaseURL}}/panel?file=../../etc/passwd"
    matchers:
      - type: word
        words: [root]
# digest: 4a0a00473045
"""


def test_what_fits_comes_with_a_draft_of_our_own_block() -> None:
    brought = bring(FOREIGN.encode(), "some-panel.yaml")
    assert brought.admitted, brought.reasons
    assert (brought.identifier, brought.family) == ("some-panel", "acme")
    template = load(brought.text, "x.yaml")
    assert template.inspection.threat == "file-read"
    assert template.inspection.title.en == "TODO: Some panel"
    assert "max-request" in brought.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("tags: acme,lfi", "tags: acme,router"), "admission.network-device: router, by the tag router"),
        (("tags: acme,lfi", "tags: acme,dos"), "admission.availability-only: tag dos"),
        (("tags: acme,lfi", "tags: upnp"), "admission.local-network: tag upnp"),
        (("method: GET", "method: DELETE"), "admission.state-changing-method"),
        (("http:\n", "code:\n  - engine: [sh]\nhttp:\n"), "line 11: code: refused, it runs code"),
        (("http:\n", "headless:\n  - steps: []\nhttp:\n"), "headless: refused"),
        (("    matchers:", "    race: true\n    matchers:"), "race: refused"),
        (("severity: high", "severity: awful"), "line 5: expected one of info, low"),
        (("words: [root]", "wrods: [root]"), "unknown key"),
        (("id: some-panel", "id: [1"), "line "),
        ((FOREIGN, "just text"), "is no template"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(change: tuple[str, str], reason: str) -> None:
    brought = bring(FOREIGN.replace(*change).encode(), "x.yaml")
    assert not brought.admitted
    assert any(reason in one for one in brought.reasons), brought.reasons
    assert brought.text == ""


def test_other_files_are_told_too() -> None:
    assert bring(b"x", "README.md").reasons == ("is no YAML file of at most 1048576 bytes",)
    assert not bring(bytes(2_000_000), "x.yaml").admitted


@given(st.binary(max_size=300))
def test_whatever_comes_it_is_told(data: bytes) -> None:
    brought = bring(data, "x.yaml")
    assert brought.admitted or all(brought.reasons)
