"""The pack: everything or nothing, one digest, a value that travels."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from plugins.pack import PackError, load_pack
from tests.pack import PACK
from tests.plugins.template.samples import HEAD, text

ONE = text()


def folder(tmp_path: Path, **files: str) -> Path:
    """Write files; `family__name` becomes `family/name.yaml`."""
    for key, content in files.items():
        family, name = key.split("__")
        (tmp_path / family).mkdir(exist_ok=True)
        (tmp_path / family / f"{name}.yaml").write_text(content, encoding="utf-8")
    return tmp_path


def renamed(identifier: str) -> str:
    return ONE.replace("id: sample", f"id: {identifier}")


def test_the_installed_pack_loads_and_travels() -> None:
    pack = PACK
    assert len(pack.signatures) >= 30
    assert pickle.loads(pickle.dumps(pack)).digest == pack.digest
    assert load_pack().digest == pack.digest
    assert [signature.id for signature in pack.signatures] == sorted(signature.id for signature in pack.signatures)


def test_the_digest_names_paths_and_contents(tmp_path: Path) -> None:
    digests = set()
    for number, files in enumerate(
        [
            {"a__sample": ONE},
            {"b__sample": ONE},
            {"a__sample": ONE + "# a comment\n"},
            {"a__sample": ONE, "a__other": renamed("other")},
        ]
    ):
        (tmp_path / str(number)).mkdir()
        digests.add(load_pack(folder(tmp_path / str(number), **files)).digest)
    assert len(digests) == 4


def test_transcripts_and_other_files_are_no_signatures(tmp_path: Path) -> None:
    where = folder(tmp_path, a__sample=ONE)
    before = load_pack(where)
    (where / "a" / "sample.transcripts.yaml").write_text("- kind: fixed\n")
    (where / "a" / "notes.txt").write_text("x")
    assert load_pack(where) == before
    assert [(one.family, one.source, one.id) for one in before.signatures] == [("a", "a/sample.yaml", "sample")]


def test_all_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    lan = HEAD.replace(
        "  severity: high\n",
        "  severity: high\n  classification:\n    cvss-metrics: CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n",
    )
    where = folder(
        tmp_path,
        a__sample=ONE,
        b__sample=ONE,
        b__broken="id: [",
        b__post=renamed("post").replace("  matchers:", "  method: POST\n    matchers:"),
        c__lan=text(head=lan.replace("id: sample", "id: lan")),
        c__wrong=renamed("name"),
    )
    with pytest.raises(PackError) as caught:
        load_pack(where)
    words = str(caught.value)
    for expected in (
        "b/sample.yaml:0: id sample is also in a/sample.yaml",
        "b/broken.yaml:",
        "admission.state-changing-method",
        "c/lan.yaml:0: not admitted, admission.local-network",
        "c/wrong.yaml:0: the file of name is named name.yaml",
    ):
        assert expected in words
    assert str(pickle.loads(pickle.dumps(caught.value))) == words


def test_an_empty_pack_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="may not be empty"):
        load_pack(tmp_path)
