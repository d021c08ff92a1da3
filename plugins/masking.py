"""Masking: what looks like personal data, a credential or a key is not shown to people, whatever a signature extracted.

Only what is shown is masked. Stored answers stay as they came, or a verdict could not be recomputed; what they hold is bounded
by what a signature reads (`max-size`, `Range`), which ends before secrets do.
"""

from __future__ import annotations

import re2

MASK = b"[masked]"
"""Stands where something was taken out."""

# In this order: a credential inside a URL is no mail address.
_SHAPES = (
    (re2.compile(rb"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*"), MASK),
    (re2.compile(rb"(?i)([a-z][a-z0-9+.\-]{1,20}://)[^\s/@<>\"']{1,200}@"), rb"\1" + MASK + b"@"),
    (re2.compile(rb"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+"), MASK),
    (
        re2.compile(
            rb"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_\-]?key|private[_\-]?key|access[_\-]?key|credential)s?"
            rb"[\"']?\s*(?:=>|[:=])\s*)[^\s,;&<>]{1,500}"
        ),
        rb"\1" + MASK,
    ),
    (re2.compile(rb"\$(?:apr1|2[aby]|[56]|argon2[id]{1,2})\$[^\s:\"'<>]{8,}"), MASK),
    (re2.compile(rb"\b(?:[0-9][ \-]?){12,18}[0-9]\b"), MASK),
    (re2.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re2.compile(rb"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?"), MASK),
    (re2.compile(rb"\b[A-Za-z0-9+/_\-]{40,}={0,2}"), MASK),
)


def masked(data: bytes) -> bytes:
    """Give a text without what looks like personal data, a credential or a key."""
    for shape, instead in _SHAPES:
        data = shape.sub(instead, data)
    return data
