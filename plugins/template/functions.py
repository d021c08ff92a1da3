"""The functions of expressions: one table of names, shapes and pure bodies, and what is wrong with a call before it runs."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.template import functions_code, functions_number, functions_text
from plugins.template.pattern import PatternError, compiled
from plugins.template.values import Value
from plugins.version import NotAVersionError, constraints

_FUNCTIONS = functions_text.FUNCTIONS | functions_code.FUNCTIONS | functions_number.FUNCTIONS
TABLE = {name.replace("_", ""): function for name, function in _FUNCTIONS.items()} | _FUNCTIONS
"""Every function, also under its name without underscores."""
_ATTACKS = "it builds an attack that runs commands"
_NETWORK = "it asks somebody else than the inspected server"
REFUSED = {
    "cookie_unsign": "it guesses secrets from a list",
    "generate_dotnet_gadget": _ATTACKS,
    "generate_java_gadget": _ATTACKS,
    "jarm": _NETWORK,
    "llm_prompt": _NETWORK,
    "public_ip": _NETWORK,
    "resolve": _NETWORK,
    "rsa_encrypt": "its result is chance that nobody can hand in, so a verdict could not be recomputed",
    "wait_for": "it makes an inspection wait",
}
"""Functions of the format that are outside the subset, and why."""
_REFUSED = {name.replace("_", ""): reason for name, reason in REFUSED.items()} | REFUSED
_PATTERN_AT = {"regex": 0, "regexall": 0, "regexany": 0, "replaceregex": 1}


def complaint(name: str, arguments: Sequence[Value | None]) -> str:
    """Say what is wrong with a call before it ever runs; arguments that are no constants are None. Empty: nothing."""
    if name in _REFUSED:
        return f"{name}(): refused, {_REFUSED[name]}"
    function = TABLE.get(name)
    if function is None:
        return f"{name}(): no function of the subset (there are {', '.join(sorted(_FUNCTIONS))})"
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        least, most = function.least, function.most
        expected = str(least) if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        return f"{name}(): takes {expected} arguments, saw {len(arguments)}"
    plain = name.replace("_", "")
    if plain in _PATTERN_AT:
        return _pattern_complaint(name, arguments[_PATTERN_AT[plain]])
    return _bounds_complaint(name, arguments) if plain == "compareversions" else ""


def _pattern_complaint(name: str, pattern: Value | None) -> str:
    if not isinstance(pattern, bytes):
        return f"{name}(): the pattern must be written out, so that no server can supply it"
    try:
        compiled(pattern.decode())
    except PatternError as error:
        return str(error)
    return ""


def _bounds_complaint(name: str, arguments: Sequence[Value | None]) -> str:
    for bound in arguments[1:]:
        if not isinstance(bound, bytes):
            return f"{name}(): the bounds must be written out, such as '>= 2.4.49'"
        try:
            constraints(bound.decode("ascii", "replace"))
        except NotAVersionError as error:
            return f"{name}(): {error}"
    return ""
