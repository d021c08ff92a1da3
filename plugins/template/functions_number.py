"""Functions over numbers, versions, dates and addresses, and those that draw."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import re2

from plugins.template.chance import Chance
from plugins.template.values import EvaluationError, Function, Value, as_bytes, as_whole, of_texts
from plugins.version import NotAVersionError, constraints

MAX_DRAWN = 10_000
"""Longest text that is drawn."""
_DIGITS = "1234567890"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LARGEST = 2**31 - 1
_PERCENT = re2.compile(r"%([A-Za-z])")
_CODES = {"Y": "%Y", "y": "%Y", "M": "%m", "D": "%d", "d": "%d", "H": "%H", "h": "%H", "m": "%M", "S": "%S", "s": "%S"}
# Layouts of the Go language, in which the format writes dates: its reference time, and what stands for each part of it.
_LAYOUT = (
    *(("2006", "%Y"), ("January", "%B"), ("Monday", "%A"), ("Jan", "%b"), ("Mon", "%a"), ("01", "%m"), ("02", "%d")),
    *(("15", "%H"), ("03", "%I"), ("04", "%M"), ("05", "%S"), ("06", "%y"), ("PM", "%p"), ("MST", "%Z")),
    *(("Z07:00", "%z"), ("-07:00", "%z"), ("-0700", "%z")),
)
_LAYOUTS = (
    *("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S"),
    *("%Y-%m-%d %H:%M %z", "%Y-%m-%d %H:%M", "%Y-%m-%d %z", "%Y-%m-%d"),
)


def _each(address: ipaddress.IPv4Address, spelled: Callable[[int], str]) -> str:
    return ".".join(spelled(part) for part in address.packed)


def _shortened(address: ipaddress.IPv4Address) -> str:
    """Give an address without its middle zeros: 127.0.0.1 is 127.1."""
    first, *middle, last = address.packed
    return f"{first}.{last}" if not any(middle) else str(address)


def _merged(address: ipaddress.IPv4Address) -> str:
    """Give an address whose last two parts are one number: 127.0.1.0 is 127.0.256."""
    first, second, third, fourth = address.packed
    return f"{first}.{second}.{third * 256 + fourth}"


_FORMATS_OF_ADDRESSES: dict[int, Callable[[ipaddress.IPv4Address], str]] = {
    1: str,
    2: _shortened,
    3: lambda address: _each(address, lambda part: f"{part:03d}"),
    4: lambda address: _each(address, lambda part: f"{part:#o}".replace("0o", "0") if part else "0"),
    5: lambda address: str(int(address)),
    6: lambda address: f"{int(address):#x}",
    7: lambda address: _each(address, lambda part: f"{part:#x}"),
    11: _merged,
}


def _ip_format(text: bytes, number: bytes) -> bytes:
    style = as_whole(number)
    if style not in _FORMATS_OF_ADDRESSES:
        numbers = ", ".join(map(str, _FORMATS_OF_ADDRESSES))
        raise EvaluationError(f"ip_format(): {style} is none of the styles {numbers}")
    try:
        return _FORMATS_OF_ADDRESSES[style](ipaddress.IPv4Address(text.decode("ascii"))).encode()
    except (ValueError, UnicodeDecodeError):
        raise EvaluationError(f"ip_format(): {text[:40]!r} is no IPv4 address") from None


def _compare_versions(version: bytes, *bounds: bytes) -> bool:
    try:
        text = version.decode("ascii", "replace")
        return all(bound.holds(text) for part in bounds for bound in constraints(part.decode("ascii", "replace")))
    except NotAVersionError as error:
        raise EvaluationError(str(error)) from None


def _to_number(data: bytes) -> float:
    try:
        number = float(data[:40])
    except ValueError:
        raise EvaluationError(f"{data[:40]!r} is no number") from None
    if number - number != 0:
        raise EvaluationError(f"{data[:40]!r} is no finite number")
    return number


def _to_bool(item: Value) -> bool:
    if isinstance(item, bytes):
        text = item.strip()
        # As the format has it: TrUe is none of them.
        return text in {b"1", b"t", b"T", b"true", b"True", b"TRUE", b"1.0"}
    return item == 1.0


def _decimal(name: str, prefix: bytes, base: int) -> Function:
    def decimal(data: bytes) -> float:
        try:
            return float(int(data.removeprefix(prefix)[:40], base))
        except (ValueError, OverflowError):
            raise EvaluationError(f"{name}(): {data[:40]!r} is no such number") from None

    return of_texts(decimal, 1, 1)


def _dec_to_hex(item: Value) -> bytes:
    number = as_whole(item)
    return f"{number:x}".encode()


def _moment(seconds: float) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        raise EvaluationError(f"{seconds:g} s is outside the calendar") from None


def _date_time(chance: Chance, shape: Value, *seconds: Value) -> bytes:
    """Give a date in UTC, by `%Y-%M-%D %H:%m:%S` (M is the month, m the minute) or by a layout of the Go language."""
    moment = _moment(as_whole(seconds[0]) if seconds else chance.at)
    text = as_bytes(shape).decode("utf-8", "replace")[:200]
    if not _PERCENT.search(text):
        return _strftime(moment, _from_layout(text))
    unknown = [code for code in _PERCENT.findall(text) if code not in _CODES]
    if unknown:
        raise EvaluationError(f"date_time(): %{unknown[0]} is none of {' '.join('%' + code for code in _CODES)}")
    return str(_PERCENT.sub(lambda sign: moment.strftime(_CODES[sign.group(1)]), text)).encode()


def _strftime(moment: datetime, pattern: str) -> bytes:
    return moment.strftime(pattern).encode("utf-8", "replace")


def _from_layout(layout: str) -> str:
    pattern, at = "", 0
    while at < len(layout):
        for text, code in _LAYOUT:
            if layout.startswith(text, at):
                pattern += code
                at += len(text)
                break
        else:
            pattern += layout[at].replace("%", "%%")
            at += 1
    return pattern


def _to_unix_time(data: bytes, *layout: bytes) -> float:
    text = data.decode("utf-8", "replace")[:200]
    try:
        return float(int(float(text)))
    except (ValueError, OverflowError):
        pass
    for pattern in (_from_layout(layout[0].decode("utf-8", "replace")[:200]),) if layout else _LAYOUTS:
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is put in below when there is none
        except (ValueError, OverflowError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    raise EvaluationError(f"to_unix_time(): {text[:40]!a} is no date")


def _unix_time(chance: Chance, *later: Value) -> float:
    return float(chance.at + (as_whole(later[0]) if later else 0))


def _drawn(chance: Chance, length: Value, alphabet: str) -> bytes:
    count = as_whole(length)
    if not 0 <= count <= MAX_DRAWN or not alphabet:
        raise EvaluationError(f"a drawn text is at most {MAX_DRAWN} characters long and needs characters to draw from")
    return chance.text(count, alphabet).encode("utf-8", "replace")


def _given(alphabet: tuple[Value, ...]) -> str:
    text = as_bytes(alphabet[0]).decode("utf-8", "replace") if alphabet else ""
    return text if text.strip() else _LETTERS + _DIGITS


def _text_of(alphabet: str) -> Function:
    def drawn(chance: Chance, length: Value, *unwanted: Value) -> bytes:
        without = as_bytes(unwanted[0]).decode("utf-8", "replace") if unwanted else ""
        return _drawn(chance, length, "".join(char for char in alphabet if char not in without))

    return Function(drawn, 1, 2, draws=True)


def _rand_int(chance: Chance, *bounds: Value) -> float:
    least = as_whole(bounds[0]) if bounds else 0
    most = as_whole(bounds[1]) if len(bounds) > 1 else _LARGEST
    if most <= least:
        raise EvaluationError(f"rand_int(): nothing lies from {least} to below {most}")
    return float(least + chance.below(most - least))


def _rand_ip(chance: Chance, *networks: Value) -> bytes:
    text = as_bytes(networks[chance.below(len(networks))]).decode("ascii", "replace")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise EvaluationError(f"rand_ip(): {text[:40]!a} is no network") from None
    return str(network[chance.below(network.num_addresses)]).encode()


FUNCTIONS = {
    "bin_to_dec": _decimal("bin_to_dec", b"0b", 2),
    "compare_versions": of_texts(_compare_versions, 2, None),
    "date_time": Function(_date_time, 1, 2, draws=True),
    "dec_to_hex": Function(_dec_to_hex, 1, 1),
    "hex_to_dec": _decimal("hex_to_dec", b"0x", 16),
    "ip_format": of_texts(_ip_format, 2, 2),
    "oct_to_dec": _decimal("oct_to_dec", b"0o", 8),
    "rand_base": Function(lambda chance, length, *chars: _drawn(chance, length, _given(chars)), 1, 2, draws=True),
    "rand_char": Function(lambda chance, *chars: _drawn(chance, 1.0, _given(chars)), 0, 1, draws=True),
    "rand_int": Function(_rand_int, 0, 2, draws=True),
    "rand_ip": Function(_rand_ip, 1, None, draws=True),
    "rand_text_alpha": _text_of(_LETTERS),
    "rand_text_alphanumeric": _text_of(_LETTERS + _DIGITS),
    "rand_text_numeric": _text_of(_DIGITS),
    "to_bool": Function(_to_bool, 1, 1),
    "to_number": of_texts(_to_number, 1, 1),
    "to_unix_time": of_texts(_to_unix_time, 1, 2),
    "unix_time": Function(_unix_time, 0, 1, draws=True),
}
"""Name -> function."""
