"""The JSON Schema for editors: valid, what is committed, and of one mind with the loader about what is shipped."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from plugins.template.schema import schema

ROOT = Path(__file__).parents[3]
CHECK = jsonschema.Draft202012Validator(schema())
FILES = sorted(path for path in (ROOT / "signatures").glob("*/*.yaml") if "\ninfo:" in path.read_text(encoding="utf-8"))


def test_the_committed_schema_is_this_one() -> None:
    committed = json.loads((ROOT / "docs" / "signature.schema.json").read_text(encoding="utf-8"))
    assert committed == schema(), "run make figures"
    CHECK.check_schema(committed)


def test_signatures_that_are_shipped_are_valid() -> None:
    for path in FILES[::20]:
        CHECK.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"info": {}},
        {"http": [{"paths": ["{{BaseURL}}/"]}]},
        {"http": [{"path": ["{{BaseURL}}/"], "matchers": [{"type": "word"}]}]},
        {"http": [{"path": ["{{BaseURL}}/"], "matchers": [{"type": "wrod", "words": ["x"]}]}]},
        {"tcp": [{"inputs": [{"dat": "x"}]}]},
    ],
)
def test_mistakes_are_marked(change: dict[str, object]) -> None:
    signature = yaml.safe_load(FILES[0].read_text(encoding="utf-8"))
    CHECK.validate(signature)
    with pytest.raises(jsonschema.ValidationError):
        CHECK.validate(signature | change)
