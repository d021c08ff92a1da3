"""What of the format is outside the subset, and why. Each is an error at load, never silently skipped."""

from __future__ import annotations

_LATER = "it is not in the subset yet (docs/signatures.md)"
_RUNS = "it runs code"
_CHANGES = "admission rule admission.state-changing-method: it sends a body or changes something"
_STRESS = "admission rule admission.availability-only: it stresses the server"
_RAW = "raw requests are not in the subset yet; write method, path and headers"

TEMPLATE = {
    "code": _RUNS,
    "javascript": _RUNS,
    "flow": _LATER,
    "headless": "it drives a browser",
    "file": "it reads the inspecting machine's files",
    "workflows": "it runs other templates",
    "dns": _LATER,
    "ssl": _LATER,
    "tcp": _LATER,
    "network": _LATER,
    "websocket": _LATER,
    "whois": "it asks others than the server",
    "variables": _LATER,
    "constants": _LATER,
    "stop-at-first-match": "write it into the http block that it is about",
    "self-contained": "it names its own addresses; an inspection asks only what its order names",
    "signature": _LATER,
}
"""Keys of a template."""

HTTP = {
    "raw": _RAW,
    "body": _CHANGES,
    "payloads": _LATER,
    "attack": _LATER,
    "fuzzing": "it tries inputs by chance",
    "unsafe": "it sends malformed requests",
    "race": _STRESS,
    "race_count": _STRESS,
    "threads": _STRESS,
    "pipeline": _STRESS,
    "redirects": "redirects are not followed; name the path that answers",
    "host-redirects": "redirects are not followed; name the path that answers",
    "max-redirects": "redirects are not followed; name the path that answers",
    "cookie-reuse": _LATER,
    "disable-cookie": "there is no cookie jar to disable yet",
    "req-condition": _LATER,
    "iterate-all": _LATER,
    "skip-variables-check": "an unknown variable is always an error",
    "read-all": "answers are bounded; use max-size",
    "id": "names of requests serve flow, which is not in the subset yet",
    "name": "names of requests serve flow, which is not in the subset yet",
    "disable-path-automerge": "paths are never merged",
    "digest-username": "it logs in",
    "digest-password": "it logs in",
    "analyzer": _LATER,
    "pre-condition": _LATER,
    "global-matchers": _LATER,
    "signature": _LATER,
}
"""Keys of a request."""

MATCHER = {
    "encoding": _LATER,
    "match-all": _LATER,
    "internal": "internal matchers serve flow, which is not in the subset yet",
    "size": _LATER,
    "binary": _LATER,
    "xpath": _LATER,
}
"""Keys of a matcher."""

EXTRACTOR = {
    "kval": _LATER,
    "json": _LATER,
    "xpath": _LATER,
    "attribute": _LATER,
    "dsl": _LATER,
    "case-insensitive": "write (?i) into the pattern",
    "to": _LATER,
}
"""Keys of an extractor."""

_OURS = ("host", "user-agent", "accept", "connection", "content-length", "transfer-encoding", "expect", "upgrade")
HEADERS = dict.fromkeys(_OURS, "the inspection sends it itself, and always says who it is")
"""Header names, lower case."""
