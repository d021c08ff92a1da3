"""Functions over text: searching, cutting, joining, changing."""

from __future__ import annotations

import re2

from plugins.template.pattern import compiled, found
from plugins.template.values import (
    MAX_BYTES,
    MAX_ENTRIES,
    EvaluationError,
    Function,
    Value,
    as_bytes,
    as_whole,
    by_characters,
    characters,
    of_texts,
)

MAX_REPEAT = 1_000_000
"""Most repetitions and longest padding."""
_REFERENCE = re2.compile(rb"\$(?:\{([0-9]{1,2})\}|([0-9]{1,2})|(\$))")


def _regex(pattern: bytes, data: bytes) -> bool:
    return found(pattern.decode(), data)


def _replace(data: bytes, old: bytes, new: bytes) -> bytes:
    if new and data.count(old) * len(new) + len(data) > MAX_BYTES:
        raise EvaluationError("replace() grew too large")
    return data.replace(old, new)


def _replace_regex(data: bytes, pattern: bytes, new: bytes) -> bytes:
    """Replace; `$1` and `${1}` in the new text are groups."""
    expression = compiled(pattern.decode())
    pieces, end, size = [], 0, len(data)
    for hit in expression.finditer(data):
        filled = _REFERENCE.sub(lambda sign: _group(hit, sign), new)  # noqa: B023 - used at once
        pieces += [data[end : hit.start()], filled]
        end = hit.end()
        size += len(filled)
        if size > MAX_BYTES or len(pieces) > 2 * MAX_BYTES:
            raise EvaluationError("replace_regex() grew too large")
    return b"".join([*pieces, data[end:]])


def _group(hit: object, sign: object) -> bytes:
    number = sign.group(1) or sign.group(2)  # type: ignore[attr-defined]  # matches of re2 have no types
    if number is None:
        return b"$"
    try:
        return hit.group(int(number)) or b""  # type: ignore[attr-defined]
    except IndexError:
        return b""


def _repeat(data: Value, count: Value) -> bytes:
    text, number = as_bytes(data), as_whole(count)
    if not 0 <= number <= MAX_REPEAT or number * len(text) > MAX_BYTES:
        raise EvaluationError(f"repeat({text[:20]!r}, {number}): too often")
    return text * number


def _remove(data: bytes, unwanted: bytes) -> bytes:
    if data.isascii() or unwanted.isascii():
        return data.translate(None, unwanted)
    return "".join(char for char in characters(data) if char not in set(characters(unwanted))).encode()


def _split(data: Value, mark: Value, *limit: Value) -> tuple[bytes, ...]:
    text, separator = as_bytes(data), as_bytes(mark)
    if limit:
        return tuple(_pieces(text, separator, as_whole(limit[0])))
    if separator.isdigit():
        size = as_whole(separator)
        if not 0 < size < len(text):
            return (text,)
        if len(text) > size * MAX_ENTRIES:
            raise EvaluationError("split() made too many pieces")
        return tuple(text[at : at + size] for at in range(0, len(text), size))
    return tuple(_pieces(text, separator, -1))


def _pieces(text: bytes, separator: bytes, limit: int) -> list[bytes]:
    if limit == 0:
        return []
    if not separator:
        raise EvaluationError("split() needs a separator")
    if text.count(separator) >= MAX_ENTRIES:
        raise EvaluationError("split() made too many pieces")
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _join(separator: Value, *entries: Value) -> bytes:
    if len(entries) == 1:
        if not isinstance(entries[0], tuple):
            raise EvaluationError("join() of one thing needs a list")
        return as_bytes(separator).join(entries[0])
    if any(isinstance(entry, tuple) for entry in entries):
        raise EvaluationError("join() takes one list, or several texts")
    return as_bytes(separator).join(as_bytes(entry) for entry in entries)


def _index(data: Value, position: Value) -> bytes:
    place = as_whole(position)
    entries = data if isinstance(data, tuple) else as_bytes(data)
    if not 0 <= place < len(entries):
        raise EvaluationError(f"index {place} is outside")
    return entries[place] if isinstance(entries, tuple) else entries[place : place + 1]


def _substr(data: Value, start: Value, *end: Value) -> bytes:
    text, first = as_bytes(data), as_whole(start)
    last = as_whole(end[0]) if end else len(text)
    if not text or not 0 <= first <= last <= len(text):
        raise EvaluationError(f"substr() from {first} to {last} of {len(text)} bytes")
    return text[first:last]


def _padding(data: Value, filler: Value, length: Value, side: Value) -> bytes:
    text, fill, width = as_bytes(data), as_bytes(filler), as_whole(length)
    if not 0 < width <= MAX_REPEAT or not fill or side not in {b"prefix", b"suffix"}:
        raise EvaluationError("padding() needs a filler, a length, and prefix or suffix")
    missing = max(0, width - len(text))
    made = (fill * (missing // len(fill) + 1))[:missing]
    return made + text if side == b"prefix" else text + made


def _sorted(*items: Value) -> Value:
    if len(items) == 1:
        return by_characters(lambda text: "".join(sorted(text)))(as_bytes(items[0]))
    return tuple(sorted(as_bytes(item) for item in items))


def _unique(*items: Value) -> Value:
    if len(items) == 1:
        return by_characters(lambda text: "".join(dict.fromkeys(text)))(as_bytes(items[0]))
    return tuple(dict.fromkeys(as_bytes(item) for item in items))


def _length(item: Value) -> float:
    return float(len(item) if isinstance(item, tuple | bytes) else len(as_bytes(item)))


def _lower(data: bytes) -> bytes:
    return data.lower() if data.isascii() else by_characters(str.lower)(data)


def _upper(data: bytes) -> bytes:
    return data.upper() if data.isascii() else by_characters(str.upper)(data)


FUNCTIONS = {
    "concat": of_texts(lambda *texts: b"".join(texts), 1, None),
    "contains": of_texts(lambda data, word: word in data, 2, 2),
    "contains_all": of_texts(lambda data, *words: all(word in data for word in words), 2, None),
    "contains_any": of_texts(lambda data, *words: any(word in data for word in words), 2, None),
    "count": of_texts(lambda data, word: float(data.count(word)), 2, 2),
    "ends_with": of_texts(lambda data, *words: data.endswith(words), 2, None),
    "equals_any": of_texts(lambda data, *words: data in words, 2, None),
    "index": Function(_index, 2, 2),
    "join": Function(_join, 2, None),
    "len": Function(_length, 1, 1),
    "line_ends_with": of_texts(lambda data, *words: any(line.endswith(words) for line in data.split(b"\n")), 2, None),
    "line_starts_with": of_texts(
        lambda data, *words: any(line.startswith(words) for line in data.split(b"\n")), 2, None
    ),
    "padding": Function(_padding, 4, 4),
    "print_debug": Function(lambda *_: True, 1, None),
    "regex": of_texts(_regex, 2, 2),
    "regex_all": of_texts(lambda pattern, *texts: all(_regex(pattern, text) for text in texts), 2, None),
    "regex_any": of_texts(lambda pattern, *texts: any(_regex(pattern, text) for text in texts), 2, None),
    "remove_bad_chars": of_texts(_remove, 2, 2),
    "repeat": Function(_repeat, 2, 2),
    "replace": of_texts(_replace, 3, 3),
    "replace_regex": of_texts(_replace_regex, 3, 3),
    "reverse": of_texts(by_characters(lambda text: text[::-1]), 1, 1),
    "sort": Function(_sorted, 1, None),
    "split": Function(_split, 2, 3),
    "starts_with": of_texts(lambda data, *words: data.startswith(words), 2, None),
    "substr": Function(_substr, 2, 3),
    "to_lower": of_texts(_lower, 1, 1),
    "to_string": of_texts(lambda data: data, 1, 1),
    "to_title": of_texts(by_characters(str.title), 1, 2),
    "to_upper": of_texts(_upper, 1, 1),
    "trim": of_texts(lambda data, cut: data.strip(cut), 2, 2),
    "trim_left": of_texts(lambda data, cut: data.lstrip(cut), 2, 2),
    "trim_prefix": of_texts(lambda data, cut: data.removeprefix(cut), 2, 2),
    "trim_right": of_texts(lambda data, cut: data.rstrip(cut), 2, 2),
    "trim_space": of_texts(lambda data: data.strip(), 1, 1),
    "trim_suffix": of_texts(lambda data, cut: data.removesuffix(cut), 2, 2),
    "uniq": Function(_unique, 1, None),
}
"""Name -> function."""
