"""Trust anchors: PEM text or PEM files beside the declaration, certificates and nothing else."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509.oid import NameOID

from scheduler.declaration import DeclarationError, example, load_declaration

_KEY = generate_private_key(SECP256R1())
_KEY_PEM = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def _certificate(name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, _KEY.public_key(), 7)
    builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2036, 1, 1, tzinfo=UTC)
    )
    return builder.sign(_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


ONE, OTHER = _certificate("one"), _certificate("other")


FIRST = next(number for number, line in enumerate(example().splitlines(), 1) if line.startswith("# anchors:")) + 1
"""Line of the first anchor."""


def _declaration(folder: Path, *anchors: str) -> Path:
    listed = "".join(f"  - {anchor}\n" for anchor in anchors)
    file = folder / "shop.yaml"
    file.write_text(example().replace("# anchors:\n#   - our-root-ca.pem\n", f"anchors:\n{listed}"), "utf-8")
    return file


def _inline(pem: str) -> str:
    return "|\n" + "".join(f"      {line}\n" for line in pem.splitlines())


def test_files_and_text_become_certificates(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "bundle.pem").write_text(f"Our roots\n{ONE}\n{OTHER}")
    assert load_declaration(_declaration(tmp_path, "ca/bundle.pem")).anchors == (ONE, OTHER)
    assert load_declaration(_declaration(tmp_path, _inline(ONE), _inline(OTHER))).anchors == (ONE, OTHER)


def test_text_needs_no_folder(tmp_path: Path) -> None:
    text = _declaration(tmp_path, _inline(ONE)).read_text("utf-8")
    assert load_declaration(text).anchors == (ONE,)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**10)


def _outside(path: Path) -> None:
    (path.parent.parent / "outside.pem").write_text(ONE)
    path.symlink_to("../outside.pem")


def _itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda _: None, "there is no such file"),
        (Path.mkdir, "not a regular file"),
        (_pipe, "not a regular file"),
        (_huge, "larger than"),
        (_outside, "outside the folder"),
        (_itself, "link"),  # "Symlink loop" up to Python 3.12, "symbolic links" after
        (lambda path: path.write_bytes(b""), "expected one or more certificates"),
        (lambda path: path.write_bytes(b"\x00\xff" * 50), "expected one or more certificates"),
        (lambda path: path.write_text(ONE[:200]), "expected one or more certificates"),
        (lambda path: path.write_text(ONE.replace("MII", "MIJ")), "expected one or more certificates"),
        (lambda path: path.write_text(ONE + _KEY_PEM), "private key"),
        (lambda path: path.write_text(ONE * 51), "at most 50"),
    ],
)
def test_what_is_no_anchor(make: object, word: str, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    assert callable(make)
    make(folder / "root.pem")
    with pytest.raises(DeclarationError) as caught:
        load_declaration(_declaration(folder, "root.pem"))
    (problem,) = caught.value.problems
    assert problem.line == FIRST
    assert problem.message.startswith("anchors[0]: ")
    assert word in problem.message


@pytest.mark.parametrize("anchor", ["/etc/hostname", "../outside.pem", "a/../../outside.pem"])
def test_a_file_outside_the_folder_is_not_even_read(anchor: str, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (tmp_path / "outside.pem").write_text(ONE)
    with pytest.raises(DeclarationError, match="outside the folder of the declaration"):
        load_declaration(_declaration(folder, anchor))


def test_the_same_certificate_twice(tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_text(ONE)
    with pytest.raises(DeclarationError, match=rf":{FIRST + 1}: anchors\[1\]: this certificate is given twice"):
        load_declaration(_declaration(tmp_path, "one.pem", _inline(ONE)))
