"""The published form of `result.json` is the form that the code writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dashboards.report.schema import DOCS, PAGE_FILE, SCHEMA_FILE, result_page, result_schema, values, write
from plugins import canonical
from scheduler.result import Result
from tests.dashboards.report import scenes


def test_the_published_files_are_up_to_date() -> None:
    again = "run: python -m dashboards.report.schema"
    assert (DOCS / SCHEMA_FILE).read_text("utf-8") == result_schema(), again
    assert (DOCS / PAGE_FILE).read_text("utf-8") == result_page(), again


@pytest.mark.parametrize("scene", [scenes.passing, scenes.failing, scenes.inconclusive, scenes.hostile])
def test_results_are_of_the_published_form(scene: Callable[[], Result]) -> None:
    schema = json.loads(result_schema())
    Draft202012Validator.check_schema(schema)
    document = json.loads(canonical.dumps(scene()))
    Draft202012Validator(schema).validate(document)
    document["surprise"] = 1
    assert not Draft202012Validator(schema).is_valid(document)


def test_every_field_of_every_value_is_described() -> None:
    schema = json.loads(result_schema())
    parts = [schema, *schema["$defs"].values()]
    fields = [(part["title"], name, form) for part in parts for name, form in part.get("properties", {}).items()]
    assert len(fields) > 80
    assert [(title, name) for title, name, form in fields if not form.get("description")] == []


def test_the_page_has_a_section_for_every_value() -> None:
    page = result_page()
    assert [cls.__name__ for cls in values() if f"\n## {cls.__name__}\n" not in page] == []
    assert "| `standing` | [Standing](#standing) | pass, fail or inconclusive. |" in page


def test_writing_writes_both(tmp_path: Path) -> None:
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [PAGE_FILE, SCHEMA_FILE]
