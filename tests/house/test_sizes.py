"""Files and functions stay small (house card)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.rooms import ROOT, sources

FILE_STOP = 500
FUNCTION_STOP = 50


def _code_lines(text: str, node: ast.AST) -> int:
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]  # type: ignore[attr-defined]  # functions have lines
    document = ast.get_docstring(node, clean=False)  # type: ignore[arg-type]  # functions have docstrings
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    return len(code) - (len([line for line in document.splitlines() if line.strip()]) if document else 0)


@pytest.mark.parametrize("path", sources(), ids=str)
def test_file_and_functions_are_short(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_STOP, "think about the rooms of this file"
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: lines for f in functions if (lines := _code_lines(text, f)) > FUNCTION_STOP}
    assert not long
