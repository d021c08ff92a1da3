"""Functions that encode, decode, hash, compress and encrypt. Nothing of them leaves the machine."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from html.entities import html5
from urllib.parse import quote

import mmh3
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plugins.template.chance import Chance
from plugins.template.values import MAX_BYTES, EvaluationError, Function, Value, as_bytes, as_whole, of_texts

_RAW, _ZLIB, _GZIP = -15, 15, 31
_HASHES = {b"sha1": "sha1", b"sha-1": "sha1", b"sha256": "sha256", b"sha-256": "sha256"}
_HASHES |= {b"sha512": "sha512", b"sha-512": "sha512"}
_JWT = {b"HS256": "sha256", b"HS384": "sha384", b"HS512": "sha512"}
_ONE_TYPE = frozenset("cbB?hHiIlLqQfd")


def _hashed(name: str) -> Function:
    return of_texts(lambda data: hashlib.new(name, data, usedforsecurity=False).hexdigest().encode(), 1, 1)


def _base64_python(data: bytes) -> bytes:
    return base64.encodebytes(data) or b"\n"


def _base64_decode(data: bytes) -> bytes:
    try:
        return base64.b64decode(data.replace(b"\n", b"").replace(b"\r", b""), validate=True)
    except binascii.Error as error:
        raise EvaluationError(f"base64_decode(): {error}") from None


def _hex_encode(data: bytes, *style: bytes) -> bytes:
    digits = data.hex().encode()
    if not style or style[0].lower() != b"x":
        return digits
    return b"".join(rb"\x" + digits[at : at + 2] for at in range(0, len(digits), 2))


def _hex_decode(data: bytes) -> bytes:
    try:
        return binascii.unhexlify(data)
    except binascii.Error as error:
        raise EvaluationError(f"hex_decode(): {error}") from None


def _url_encode(data: Value, *everything: Value) -> bytes:
    """Percent-encode all but letters, digits and `-_.!~*'()`; with a true second argument all but letters and digits."""
    encoded = quote(as_bytes(data), safe="!~*'()").encode()
    if everything and _is_true(everything[0]):
        for char in b"-_.!~*'()":
            encoded = encoded.replace(bytes([char]), b"%%%02X" % char)
    return encoded


def _is_true(item: Value) -> bool:
    return item in {1.0, b"true"}


def _url_decode(data: bytes) -> bytes:
    pieces = data.split(b"%")
    decoded = [pieces[0]]
    for piece in pieces[1:]:
        try:
            decoded.append(bytes.fromhex(piece[:2].decode("ascii")) + piece[2:] if len(piece) > 1 else b"%" + piece)
        except ValueError:
            decoded.append(b"%" + piece)
    return b"".join(decoded)


@cache
def _entities() -> dict[str, str]:
    """Characters and the entities that stand for them: the shortest name, small letters first."""
    names: dict[str, str] = {}
    for name, text in sorted(html5.items(), key=lambda item: (not item[0][0].islower(), len(item[0]), item[0])):
        if name.endswith(";") and len(text) == 1 and text != "\n":
            names.setdefault(text, "&" + name)
    return names


def _html_escape(data: Value, *numeric: Value) -> bytes:
    text = as_bytes(data).decode("utf-8", "replace")
    names = _entities()
    if numeric and _is_true(numeric[0]):
        return "".join(names.get(char, f"&#{ord(char)};") for char in text).encode()
    return "".join(names.get(char, char) for char in text).encode()


def _html_unescape(data: bytes) -> bytes:
    return html.unescape(data.decode("utf-8", "replace")).encode("utf-8", "replace")


def _hmac(name: bytes, data: bytes, key: bytes) -> bytes:
    if name not in _HASHES:
        raise EvaluationError(f"hmac(): {name[:20]!r} is none of sha1, sha256, sha512")
    return hmac.new(key, data, _HASHES[name]).hexdigest().encode()


def _compressed(window: int) -> Function:
    def compress(data: bytes) -> bytes:
        # Stored, not squeezed: what a library squeezes to differs between its versions, and an ask has to be the same everywhere.
        packer = zlib.compressobj(level=0, wbits=window)
        return packer.compress(data) + packer.flush()

    return of_texts(compress, 1, 1)


def _expanded(name: str, window: int) -> Function:
    def expand(data: Value, *limit: Value) -> bytes:
        most = min(as_whole(limit[0]), MAX_BYTES) if limit else MAX_BYTES
        if most <= 0:
            return b""
        try:
            return zlib.decompressobj(window).decompress(as_bytes(data), most)
        except zlib.error as error:
            raise EvaluationError(f"{name}(): {error}") from None

    return Function(expand, 1, 2)


def _gzip_mtime(data: bytes) -> float:
    if len(data) < 8 or data[:2] != b"\x1f\x8b":
        raise EvaluationError("gzip_mtime(): not gzip")
    return float(int.from_bytes(data[4:8], "little"))


def _zip(*parts: bytes) -> bytes:
    names = [name.decode("utf-8", "replace").split("\0")[0] or "_" for name in parts[::2]]
    if len(parts) % 2 or len(set(names)) < len(names) or max(map(len, names)) > 255:
        raise EvaluationError("zip() takes pairs of a name and a content; no name twice, or longer than 255 characters")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in zip(names, parts[1::2], strict=True):
            # A fixed date: the same arguments always give the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _json(change: Callable[[object], str]) -> Function:
    def changed(data: bytes) -> bytes:
        try:
            return change(json.loads(data)).encode("utf-8", "replace")
        except (ValueError, RecursionError) as error:
            raise EvaluationError(f"not JSON: {str(error)[:80]}") from None

    return of_texts(changed, 1, 1)


def _minified(tree: object) -> str:
    text = json.dumps(tree, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _prettified(tree: object) -> str:
    return json.dumps(tree, indent=4, ensure_ascii=False)


def _jwt(claims: bytes, algorithm: bytes, *key: bytes) -> bytes:
    """Give a token (RFC 7519): HS256, HS384, HS512, or `none`, spelled as it is given, with an empty signature."""
    try:
        payload = _minified(json.loads(claims)).encode()
    except (ValueError, RecursionError):
        raise EvaluationError("generate_jwt(): the claims are not JSON") from None
    name = algorithm.strip() if algorithm.strip().lower() == b"none" else algorithm.upper() or b"NONE"
    header = json.dumps({"alg": name.decode("ascii", "replace"), "typ": "JWT"}, separators=(",", ":")).encode()
    signed = _base64_url(header) + b"." + _base64_url(payload)
    if name.lower() == b"none":
        return signed + b"."
    if name not in _JWT:
        raise EvaluationError(f"generate_jwt(): {name[:20]!r} is none of HS256, HS384, HS512, none")
    return signed + b"." + _base64_url(hmac.new(key[0] if key else b"", signed, _JWT[name]).digest())


def _base64_url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _aes_cbc(data: bytes, key: bytes, start: bytes) -> bytes:
    missing = 16 - len(data) % 16
    try:
        # The format has it; it builds what an old product expects and protects nothing of ours.
        encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    except ValueError as error:
        raise EvaluationError(f"aes_cbc(): {error}") from None
    return encryptor.update(data + bytes([missing]) * missing) + encryptor.finalize()


def _aes_gcm(chance: Chance, key: Value, data: Value) -> bytes:
    nonce = chance.bytes(12)
    try:
        return nonce + AESGCM(as_bytes(key)).encrypt(nonce, as_bytes(data), None)
    except ValueError as error:
        raise EvaluationError(f"aes_gcm(): {error}") from None


def _unpack(shape: bytes, data: bytes) -> Value:
    """Give one number of binary data, by the codes of Python's struct."""
    code = shape.decode("ascii", "replace")
    if not code or code[-1] not in _ONE_TYPE or len(code) > 2 or (len(code) == 2 and code[0] not in "@=<>!"):
        raise EvaluationError(f"unpack(): {code[:10]!a} is not one type, such as >I")
    try:
        (item,) = struct.unpack(code, data[: struct.calcsize(code)])
    except struct.error as error:
        raise EvaluationError(f"unpack(): {error}") from None
    return item if isinstance(item, bool | bytes) else float(item)


def _xor(*parts: bytes) -> bytes:
    if not all(parts):
        raise EvaluationError("xor() of an empty text")
    result = bytearray(max(map(len, parts)))
    for part in parts:
        repeated = part * (len(result) // len(part) + 1)
        for place in range(len(result)):
            result[place] ^= repeated[place]
    return bytes(result)


FUNCTIONS = {
    "aes_cbc": of_texts(_aes_cbc, 3, 3),
    "aes_gcm": Function(_aes_gcm, 2, 2, draws=True),
    "base64": of_texts(base64.b64encode, 1, 1),
    "base64_decode": of_texts(_base64_decode, 1, 1),
    "base64_py": of_texts(_base64_python, 1, 1),
    "deflate": _compressed(_RAW),
    "generate_jwt": of_texts(_jwt, 2, 3),
    "gzip": _compressed(_GZIP),
    "gzip_decode": _expanded("gzip_decode", _GZIP),
    "gzip_mtime": of_texts(_gzip_mtime, 1, 1),
    "hex_decode": of_texts(_hex_decode, 1, 1),
    "hex_encode": of_texts(_hex_encode, 1, 2),
    "hmac": of_texts(_hmac, 3, 3),
    "html_escape": Function(_html_escape, 1, 2),
    "html_unescape": of_texts(_html_unescape, 1, 1),
    "inflate": _expanded("inflate", _RAW),
    "json_minify": _json(_minified),
    "json_prettify": _json(_prettified),
    "md5": _hashed("md5"),
    "mmh3": of_texts(lambda data: str(mmh3.hash(data)).encode(), 1, 1),
    "sha1": _hashed("sha1"),
    "sha256": _hashed("sha256"),
    "sha512": _hashed("sha512"),
    "unpack": of_texts(_unpack, 2, 2),
    "url_decode": of_texts(_url_decode, 1, 1),
    "url_encode": Function(_url_encode, 1, 2),
    "xor": of_texts(_xor, 2, None),
    "zip": of_texts(_zip, 2, None),
    "zlib": _compressed(_ZLIB),
    "zlib_decode": _expanded("zlib_decode", _ZLIB),
}
"""Name -> function."""
