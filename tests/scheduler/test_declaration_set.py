"""SET end points in a declaration: what they need, what they may hold, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from probes.target import RequestExtension, SetEndpoint, SetProfile
from scheduler.declaration import DeclarationError, example, load_declaration
from tests.pki import Pki

ROOT = Pki().root("Brand Root").pem
OTHER = Pki().root("Other Root").pem
WHOLE = """    set:
      - url: https://www.shop.example/set
        kind: SECE
        version: "1.0"
        brand: Brand:Product
        bin: "412345"
        roots: [brand.pem]
        language: ja-JP
        initiation_url: https://www.shop.example/buy?sample=1
        merchant_id: M-0001
        acquirer_bin: "499999"
        merchant_name: 青葉商店
        profile:
          message_type: application/x-sece
          initiation_type: application/x-sece-initiation
          marks: ["2.23.42.10.192.7"]
          extensions: ["2.23.42.10.192.8"]
          request_extensions:
            - {oid: "2.23.42.10.192.9", critical: true, der: "0500"}
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the example with a SET end point; `changes` are made in the end point."""
    text = WHOLE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "brand.pem").write_text(ROOT)
    (folder / "two.pem").write_text(ROOT + OTHER)
    file = folder / "shop.yaml"
    file.write_text(example().replace("    # SET or SECE end points", f"{text}    # SET or SECE end points"), "utf-8")
    return file


def test_every_entry_reaches_the_order(tmp_path: Path) -> None:
    system = load_declaration(written(tmp_path))
    assert system.targets[0].set == (
        SetEndpoint(
            url="https://www.shop.example/set",
            kind="SECE",
            version="1.0",
            brand="Brand:Product",
            bin="412345",
            language="ja-JP",
            roots=(ROOT,),
            initiation_url="https://www.shop.example/buy?sample=1",
            merchant_id="M-0001",
            acquirer_bin="499999",
            merchant_name="青葉商店",
            profile=SetProfile(
                message_type="application/x-sece",
                initiation_type="application/x-sece-initiation",
                marks=("2.23.42.10.192.7",),
                extensions=("2.23.42.10.192.8",),
                request_extensions=(RequestExtension(oid="2.23.42.10.192.9", critical=True, der=b"\x05\x00"),),
            ),
        ),
    )
    assert system.targets[1].set == ()
    assert system.anchors == ()


def test_a_short_entry_is_plain_set(tmp_path: Path) -> None:
    short = WHOLE[WHOLE.index("        language") :]
    (made,) = load_declaration(written(tmp_path, (short, ""), ("SECE", "SET"), ("brand.pem", "two.pem"))).targets[0].set
    assert made.roots == (ROOT, OTHER)
    assert (made.language, made.initiation_url, made.merchant_id, made.profile) == ("ja", "", "", SetProfile())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('bin: "412345"', 'bin: "4123450131003312"'), "expected exactly six digits"),
        (('bin: "412345"', "bin: 412345"), "put it in quotes"),
        (("brand: Brand:Product", "brand: 銘柄"), "expected a brand"),
        (("roots: [brand.pem]", "roots: [absent.pem]"), r"roots\[0\]: absent.pem: there is no such file"),
        (("roots: [brand.pem]", "roots: [brand.pem, brand.pem]"), r"roots\[1\]: this certificate is given twice"),
        (("roots: [brand.pem]", "roots: []"), "at least 1 entries"),
        (("/buy?sample=1", ":8443/buy"), "SET end point on port 8443: no such TCP port is declared"),
        (("www.shop.example/buy", "elsewhere.example/buy"), "neither a host name nor an address of this server"),
        (("application/x-sece\n", "set\n"), "expected a media type"),
        (('"2.23.42.10.192.7"', '"3.1"'), "expected an object identifier"),
        (('"2.23.42.10.192.7"', '"1.40.1"'), "expected an object identifier"),
        (('"2.23.42.10.192.7"', '"2.023"'), "expected an object identifier"),
        (('der: "0500"', 'der: "0501"'), "expected one DER element"),
        (('der: "0500"', 'der: "zz"'), "expected one DER element"),
        (("language: ja-JP", "language: '日本語'"), "text of the form"),
        (("kind: SECE", "kind: SEC"), "one of 'SET', 'SET\\(JPO\\)' or 'SECE'"),
    ],
)
def test_what_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(DeclarationError, match=rf"shop\.yaml:\d+: .*{message}") as caught:
        load_declaration(written(tmp_path, change))
    assert len(caught.value.problems) == 1


def test_a_number_that_may_be_a_card_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_declaration(written(tmp_path, ('bin: "412345"', 'bin: "4123450131003312"')))
    assert "0131003312" not in str(caught.value)
