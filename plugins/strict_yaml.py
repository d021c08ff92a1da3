"""Strict YAML: one document, no surprises, every mistake with file and line, all of them at once.

YAML as a reader sees it and YAML as a parser sees it differ (`no` is false, `010` is 8, a key given twice wins silently, an
alias blows up to gigabytes). Here whatever could surprise is an error: anchors, aliases, tags, directives, duplicate keys, keys
that are no text, several documents, control characters. Depth and size are bounded, so no input costs more than a moment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NoReturn, TypeAlias

import yaml
from pydantic import ValidationError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from plugins.plain_words import clip, explain, known_keys, mistake
from plugins.strict_scalar import ScalarError, core_scalar
from plugins.value import value

MAX_BYTES = 1_048_576
"""Largest document."""
MAX_DEPTH = 32
"""Deepest nesting of lists and mappings."""
MAX_NODES = 100_000
"""Most scalars, lists and mappings of one document."""
MAX_PROBLEMS = 200
"""Mistakes that are listed before reading stops."""

Scalars = Literal["typed", "strings"]
"""`typed`: plain scalars by the YAML 1.2 core schema; `strings`: every scalar is its text."""
Tree: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
"""A document without its YAML."""
Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the document."""

# The parser in C is 20 times faster; wheels of PyYAML without it exist, and both give the same events.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Line breaks that editors do not show as such, and characters that reorder a line on the screen, can hide what is said.
_HIDDEN = frozenset("\x7f\x85\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff")


@value
class Problem:
    """One mistake in a file."""

    source: str
    """File name, or another name for where the text came from."""
    line: int
    """Line, counted from 1; 0: unknown, or the file as a whole."""
    message: str
    """What was expected, what was seen, what to do."""

    def __str__(self) -> str:
        return f"{clip(self.source, 200)}:{self.line}: {self.message}"


class StrictYamlError(ValueError):
    """The document has mistakes; each is in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class _Place:
    """Where a node stands, and where its children stand."""

    __slots__ = ("children", "key_line", "line")

    def __init__(self, line: int, key_line: int) -> None:
        self.line, self.key_line = line, key_line
        self.children: dict[str | int, _Place] = {}


class Document:
    """A document that was read: its tree, and the line of everything in it."""

    def __init__(self, data: Tree, source: str, top: _Place) -> None:
        self.data = data
        self.source = source
        self._top = top

    def line(self, path: Path) -> int:
        """Give the line of the value at `path`, or of the nearest ancestor that exists."""
        return self._place(path).line

    def key_line(self, path: Path) -> int:
        """Give the line of the key (for a list: of the entry) at `path`, or of the nearest ancestor that exists."""
        return self._place(path).key_line

    def problem(self, path: Path, message: str) -> Problem:
        """Make a problem that points at the key at `path`."""
        return Problem(source=self.source, line=self.key_line(path), message=message)

    def known(self, path: Path) -> Path:
        """Give `path` without the parts that are no place in the document (a member of a union in a pydantic location)."""
        place, known = self._top, []
        for part in path:
            if part in place.children:
                known.append(part)
                place = place.children[part]
        return tuple(known)

    def _place(self, path: Path) -> _Place:
        place = self._top
        for part in path:
            # Parts that are no place (a member of a union in a pydantic location) are passed over.
            place = place.children.get(part, place)
        return place


class _Frame:
    """A list or mapping that is being read."""

    __slots__ = ("data", "key", "key_line", "place")

    def __init__(self, data: dict[str, Any] | list[Any], place: _Place) -> None:
        self.data, self.place = data, place
        self.key: str | None = None
        self.key_line = 0


class _Stop(Exception):  # noqa: N818 - control flow, not an error
    """Reading on makes no sense."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line

    def __str__(self) -> str:
        return f"reading stopped at line {self.line}"


class _Reader:
    """Builds the tree from the parser's events, without recursion."""

    def __init__(self, source: str, scalars: Scalars) -> None:
        self.source, self.scalars = source, scalars
        self.problems: list[Problem] = []
        self.documents = 0
        self.top: tuple[Tree, _Place] | None = None
        self._nodes = 0
        self._stack: list[_Frame] = []

    def blame(self, line: int, message: str) -> None:
        """Note a mistake; stops when there are too many."""
        if len(self.problems) >= MAX_PROBLEMS:
            self.problems.append(
                Problem(source=self.source, line=line, message="more mistakes follow; mend these first")
            )
            raise _Stop(line)
        problem = Problem(source=self.source, line=line, message=message)
        if problem not in self.problems[-1:]:
            self.problems.append(problem)

    def stop(self, line: int, message: str) -> NoReturn:
        """Note a mistake after which nothing can be read."""
        self.blame(line, message)
        raise _Stop(line)

    def feed(self, event: Event) -> None:
        """Take the next event."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, DocumentStartEvent):
            self._document(event, line)
        elif isinstance(event, NodeEvent):
            self._node(event, line)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._stack.pop()

    def _document(self, event: DocumentStartEvent, line: int) -> None:
        self.documents += 1
        if event.version or event.tags:
            self.blame(line, "a % directive is not allowed; remove it")
        if self.documents > 1:
            self.stop(line, "a second document starts here; put one document into one file")

    def _node(self, event: NodeEvent, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self.stop(line, f"more than {MAX_NODES} values; is this the right file?")
        if isinstance(event, AliasEvent):
            self.blame(line, f"alias *{clip(str(event.anchor))}: aliases are not allowed; write the value out")
            self._put(None, line, is_text=True)
            return
        if event.anchor:
            self.blame(line, f"anchor &{clip(event.anchor)}: anchors are not allowed; remove it")
        tag = str(getattr(event, "tag", None) or "").replace("tag:yaml.org,2002:", "!!")
        if tag:
            self.blame(line, f"tag {clip(tag)}: tags are not allowed; remove it")
        if isinstance(event, ScalarEvent):
            self._scalar(event, line)
        else:
            self._open({} if isinstance(event, MappingStartEvent) else [], line)

    def _scalar(self, event: ScalarEvent, line: int) -> None:
        plain = event.style is None or event.style == ""
        data: Tree = event.value
        if not event.value.isascii() and any("\ud800" <= char <= "\udfff" for char in event.value):
            self.blame(line, "half of a surrogate pair is no character; remove it")
            data = ""
        elif self.scalars == "typed" and plain:
            try:
                data = core_scalar(event.value)
            except ScalarError as error:
                self.blame(line, str(error))
        self._put(data, line, is_text=isinstance(data, str))

    def _open(self, data: dict[str, Any] | list[Any], line: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self.stop(line, f"nested deeper than {MAX_DEPTH} levels; make it flatter")
        place = self._put(data, line, is_text=False)
        self._stack.append(_Frame(data, place))

    def _put(self, data: Tree, line: int, *, is_text: bool) -> _Place:
        """Hang a node into the list or mapping around it: as entry, as key, or as the value of the key before."""
        if not self._stack:
            place = _Place(line, line)
            self.top = (data, place)
            return place
        frame = self._stack[-1]
        if isinstance(frame.data, list):
            place = frame.place.children[len(frame.data)] = _Place(line, line)
            frame.data.append(data)
            return place
        if frame.key is None:
            frame.key, frame.key_line = self._key(frame.data, data, line, is_text=is_text), line
            return _Place(line, line)
        place = frame.place.children[frame.key] = _Place(line, frame.key_line)
        frame.data[frame.key] = data
        frame.key = None
        return place

    def _key(self, mapping: dict[str, Any], data: Tree, line: int, *, is_text: bool) -> str:
        if not is_text:
            cure = "write a single word" if isinstance(data, dict | list) else "put it in quotes"
            self.blame(line, f"a key must be text, saw {explain(data)}; {cure}")
        key = data if isinstance(data, str) else f"\0{line}"
        if key in mapping:
            self.blame(line, f"key {clip(key)!r} is given twice; keep one of the two")
        return key


def load(text: bytes | str, source: str, scalars: Scalars = "typed") -> Document:
    """Read one document; raises `StrictYamlError` with every mistake, and nothing else, whatever the input."""
    reader = _Reader(source, scalars)
    with contextlib.suppress(_Stop):
        _read(reader, _decode(reader, text))
    if reader.problems or reader.top is None:
        raise StrictYamlError(tuple(sorted(reader.problems, key=lambda problem: problem.line)))
    data, place = reader.top
    return Document(data, source, place)


def pydantic_problems(
    error: ValidationError, document: Document, schema: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Say every mistake that pydantic found with its line in the document, in the order of the lines.

    With the JSON Schema of the model, an unknown key is answered with the key that was probably meant.
    """
    found: dict[Problem, None] = {}
    for details in error.errors(include_url=False):
        parent, last = details["loc"][:-1], details["loc"][-1:]
        details["loc"] = (
            document.known(parent) + last if details["type"] == "missing" else document.known(details["loc"])
        )
        keys = known_keys(schema or {}, details["loc"][:-1])
        found[document.problem(details["loc"], mistake(details, keys))] = None
    return tuple(sorted(found, key=lambda problem: problem.line))


def _decode(reader: _Reader, text: bytes | str) -> str:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        reader.stop(0, f"{len(raw)} bytes: larger than {MAX_BYTES} bytes; is this the right file?")
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reader.stop(line, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8 text")
    for number, line_text in enumerate(decoded.split("\n"), 1):
        for char in _forbidden(line_text):
            reader.blame(
                number, f"character U+{ord(char):04X} is not allowed; remove it, or write it escaped in double quotes"
            )
            break
    if reader.problems:
        raise _Stop(reader.problems[-1].line)
    return decoded


def _forbidden(line: str) -> Iterator[str]:
    if line.isprintable():
        return
    for char in line.removesuffix("\r"):
        if (char < " " and char != "\t") or char in _HIDDEN or "\x80" <= char <= "\x9f":
            yield char


def _read(reader: _Reader, text: str) -> None:
    try:
        for event in yaml.parse(text, Loader=_Loader):
            reader.feed(event)
    except yaml.MarkedYAMLError as error:
        reader.blame(*_syntax(error, text.splitlines()))
    except (yaml.YAMLError, ValueError) as error:
        reader.blame(0, f"not YAML: {clip(str(error), 120)}; check the file with an editor that knows YAML")
    if reader.top is None and not reader.problems:
        reader.blame(1, "the document is empty; something must stand in it")


def _syntax(error: yaml.MarkedYAMLError, lines: list[str]) -> tuple[int, str]:
    """Give line and message of a text that is not YAML."""
    what = clip(" ".join(part for part in (error.context, error.problem) if part), 160)
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return 0, f"not YAML: {what}; check it with an editor that knows YAML"
    # At the end of the text the parser may point below the last line.
    line = min(mark.line + 1, len(lines))
    shown = lines[line - 1] if line else ""
    tabbed = "\t" in shown[: len(shown) - len(shown.lstrip())]
    hint = "indent with spaces, not tabs" if tabbed else "check indentation, colons, brackets and quotes here and above"
    return line, f"not YAML at column {mark.column + 1}: {what}; {hint}"
