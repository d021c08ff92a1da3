"""The published form of `result.json`: its JSON Schema and a page that explains it, both made from the values themselves.

python -m dashboards.report.schema

Descriptions are the docstrings of the fields, so the published form cannot say anything else than the code.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from scheduler.result import Result

DOCS = Path(__file__).parents[2] / "docs"
"""Where the published form lies."""
SCHEMA_FILE = "result.schema.json"
PAGE_FILE = "result.md"
_HEAD = """# result.json

What one inspection of one system left behind, for machines. `report.html` shows the same to people.

- Canonical JSON (RFC 8785) and one line feed: the same result always gives the same bytes.
- Times are RFC 3339 in UTC. Bytes are base64. Numbers of seconds, bytes and so on are in the unit that the description names.
- `format` names the version of this document: `tenken-result/1`. Readers refuse a version that they do not know; within a version
  nothing is removed or changes its meaning.
- A check that could not be done has the outcome `not-tested` and a reason. It never counts as `clean`.
- Strings that a server sent are escaped to printable ASCII where they were seen, and are still foreign words: escape them again
  for whatever they are shown in.
- The JSON Schema (2020-12) is [result.schema.json](result.schema.json).

The verdict can be formed again, offline, from the folder `evidence` beside the file: `tenken judge FOLDER`. Two results of the same
system are compared by `tenken compare OLD NEW`; its `--format json` gives a `tenken-comparison/1` document.

This page is made from the code (`python -m dashboards.report.schema`); change the docstrings there.
"""


@cache
def _documents(cls: type) -> Mapping[str, str]:
    """Give the docstring under each field or member of a class."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return dict(_documented(body))


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for statement, following in pairwise(body):
        text = (
            following.value.value
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            else None
        )
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and isinstance(text, str):
            yield statement.target.id, text
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and isinstance(text, str):
            yield statement.targets[0].id, text


def _mentioned(annotation: Any) -> Iterator[type]:  # noqa: ANN401 - any annotation
    """Give the classes that an annotation mentions."""
    for argument in get_args(annotation):
        yield from _mentioned(argument)
    if inspect.isclass(annotation):
        yield annotation


def _members(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls, include_extras=True) if is_dataclass(cls) else {}


def values(root: type = Result) -> tuple[type, ...]:
    """Give every value and word that a result is made of, from the top down."""
    found: dict[type, None] = {}
    waiting = [root]
    while waiting:
        cls = waiting.pop(0)
        if cls in found or not (is_dataclass(cls) or issubclass(cls, Enum)):
            continue
        found[cls] = None
        waiting += [mentioned for annotation in _members(cls).values() for mentioned in _mentioned(annotation)]
    return tuple(found)


def result_schema() -> str:
    """Give the JSON Schema of `result.json`, as text."""
    schema: dict[str, Any] = TypeAdapter(Result).json_schema(mode="serialization")
    classes = {cls.__name__: cls for cls in values()}
    for name, part in (("Result", schema), *schema["$defs"].items()):
        _describe(part, classes[name])
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _describe(part: dict[str, Any], cls: type) -> None:
    part["description"] = inspect.cleandoc(cls.__doc__ or "")
    documents = _documents(cls)
    for field, form in part.get("properties", {}).items():
        if field in documents:
            form["description"] = inspect.cleandoc(documents[field])


def result_page() -> str:
    """Give the page that explains `result.json`, as text."""
    return "\n".join([_HEAD, *(_section(cls) for cls in values())])


def _section(cls: type) -> str:
    lines = [f"## {cls.__name__}", "", inspect.cleandoc(cls.__doc__ or ""), ""]
    rows = _word_rows(cls) if issubclass(cls, Enum) else _field_rows(cls)
    return "\n".join([*lines, *rows, ""])


def _word_rows(cls: type[Enum]) -> Iterator[str]:
    documents = _documents(cls)
    yield from ("| word | meaning |", "|---|---|")
    for word in cls:
        yield f"| `{word.value}` | {_cell(documents.get(word.name, ''))} |"


def _field_rows(cls: type) -> Iterator[str]:
    documents = _documents(cls)
    yield from ("| field | type | meaning |", "|---|---|---|")
    for field, annotation in _members(cls).items():
        yield f"| `{field}` | {_type_words(annotation)} | {_cell(documents.get(field, ''))} |"


def _cell(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split()).replace("|", "\\|")


_PLAIN = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "true or false",
    "datetime": "time",
    "bytes": "base64",
}


def _type_words(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    if get_origin(annotation) is Annotated:
        return _type_words(arguments[0])
    if inspect.isclass(annotation) and not arguments:
        name = annotation.__name__
        return f"[{name}](#{name.lower()})" if annotation in values() else _PLAIN.get(name, name)
    if str(annotation).startswith("typing.Literal"):
        return ", ".join(f"`{argument}`" for argument in arguments)
    inner = " or ".join(dict.fromkeys(_type_words(argument) for argument in arguments))
    return f"list of {inner}" if str(annotation).startswith("tuple") else inner


def write(docs: Path = DOCS) -> None:
    """Write schema and page."""
    (docs / SCHEMA_FILE).write_text(result_schema(), encoding="utf-8")
    (docs / PAGE_FILE).write_text(result_page(), encoding="utf-8")


if __name__ == "__main__":
    write()
