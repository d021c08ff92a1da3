"""What of the format is outside the subset, and why. Each is an error at load, never silently skipped."""

from __future__ import annotations

_RUNS = "it runs code"
_STRESS = "admission rule admission.availability-only: it stresses the server"
_CALL_BACK = "call-backs to a listener of our own are not in the subset yet"
_LOGIN = "it logs in"
_BOUNDED = "answers are bounded; use max-size"
_RESOLVER = "only the declared name server is asked"

TEMPLATE = {
    "code": _RUNS,
    "javascript": _RUNS,
    "headless": "it drives a browser",
    "file": "it reads the inspecting machine's files",
    "workflows": "it runs other templates",
    "websocket": "no shop system needs it looked at, and nobody has written a probe for it",
    "whois": "it asks others than the server",
    "self-contained": "it names its own addresses; an inspection asks only what its order names",
    "signature": "it signs requests to cloud providers, which are not the server",
    "http-signature": "it signs requests to cloud providers, which are not the server",
    "pre-condition": _RUNS,
}
"""Keys of a template."""

HTTP = {
    "fuzzing": "it tries inputs by chance",
    "unsafe": "it sends malformed requests",
    "race": _STRESS,
    "race_count": _STRESS,
    "race-count": _STRESS,
    "threads": _STRESS,
    "pipeline": _STRESS,
    "pipeline-concurrent-connections": _STRESS,
    "pipeline-requests-per-connection": _STRESS,
    "iterate-all": "one value of an extractor is enough to show a hole",
    "read-all": _BOUNDED,
    "digest-username": _LOGIN,
    "digest-password": _LOGIN,
    "analyzer": "it tries inputs by chance",
    "pre-condition": _RUNS,
    "global-matchers": "it judges the answers of other templates",
    "signature": "it signs requests to cloud providers, which are not the server",
    "disable-http2": "only HTTP/1.1 is spoken",
    "http2": "only HTTP/1.1 is spoken",
}
"""Keys of an http block."""

TCP = {
    "threads": _STRESS,
    "exclude-ports": "name the ports that it is about",
}
"""Keys of a tcp block."""

DNS = {
    "resolvers": _RESOLVER,
    "trace": _RESOLVER,
    "trace-max-recursion": _RESOLVER,
    "threads": _STRESS,
    "payloads": "several names are several blocks",
    "attack": "several names are several blocks",
}
"""Keys of a dns block."""

SSL = {
    "scan_mode": "there is one way to look",
    "tls_version_enum": "item tls lists all versions",
    "tls_cipher_enum": "item tls lists all cipher suites",
    "tls_cipher_types": "item tls lists all cipher suites",
}
"""Keys of an ssl block."""

EXTRACTOR = {
    "to": "it writes files",
}
"""Keys of an extractor."""

PARTS = {
    "duration": "admission rule admission.not-read-only: a check by delay delays the server",
    "interactsh_protocol": _CALL_BACK,
    "interactsh_request": _CALL_BACK,
    "interactsh_response": _CALL_BACK,
    "interactsh_ip": _CALL_BACK,
    "template_id": "a template knows its own id",
    "host": "the end point is known; use {{Host}}",
}
"""Parts of a response."""

_OURS = (
    "host",
    "user-agent",
    "connection",
    "content-length",
    "transfer-encoding",
    "expect",
    "upgrade",
    "te",
    "trailer",
)
HEADERS = dict.fromkeys(_OURS, "the inspection sends it itself, and always says who it is")
"""Header names, lower case."""
ANNOTATIONS = {
    "@host": "an inspection asks only the end point that its order names",
    "@tls-sni": "the server name is the declared one",
    "@once": _RUNS,
}
"""Annotations of raw requests, lower case."""
