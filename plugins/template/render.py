"""URL variables, and what paths may look like. A path begins with the end point that is inspected, and with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from plugins.ask import DnsEndpoint, Endpoint, WebEndpoint

BASES = ("{{BaseURL}}", "{{RootURL}}", "{{Scheme}}://{{Hostname}}", "{{Scheme}}://{{Host}}:{{Port}}")
"""How a path may begin."""
VARIABLES = frozenset(
    {
        *("BaseURL", "RootURL", "Hostname", "Host", "Port", "Path", "Query", "File", "Scheme", "Input"),
        *("FQDN", "RDN", "DN", "TLD", "SD"),
    }
)
"""URL variables."""
_REGISTRIES = frozenset(
    {"ac", "ad", "co", "com", "ed", "edu", "go", "gob", "gov", "gr", "lg", "mil", "ne", "net", "nom", "or", "org"}
)


@lru_cache(maxsize=1024)
def variables(endpoint: Endpoint) -> Mapping[str, str]:
    """Give the URL variables of an end point."""
    if isinstance(endpoint, DnsEndpoint):
        name = endpoint.domain.rstrip(".")
        plain = {"Hostname": name, "Host": name, "Input": name, "Port": str(endpoint.port)}
        return {**dict.fromkeys(VARIABLES, ""), **plain, **_names(name)}
    if not isinstance(endpoint, WebEndpoint):
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        authority = f"{host}:{endpoint.port}"
        plain = {"Hostname": authority, "Host": endpoint.host, "Input": authority, "Port": str(endpoint.port)}
        return {**dict.fromkeys(VARIABLES, ""), **plain, **_names(endpoint.host)}
    return {
        "BaseURL": endpoint.base_url,
        "RootURL": endpoint.base_url,
        "Input": endpoint.base_url,
        "Hostname": endpoint.authority,
        "Host": endpoint.host,
        "Port": str(endpoint.port),
        "Path": "",
        "Query": "",
        "File": "",
        "Scheme": "https" if endpoint.tls else "http",
        **_names(endpoint.host),
    }


def _names(host: str) -> dict[str, str]:
    """Cut a host name: www.shop.co.jp is SD www, DN shop, TLD co.jp, RDN shop.co.jp.

    Without the list of public suffixes: a country's domain with a well-known registry label before it counts as one suffix.
    """
    labels = host.rstrip(".").split(".")
    if ":" in host or len(labels) < 2 or labels[-1].isdigit():
        return {"FQDN": host, "RDN": host, "DN": host, "TLD": "", "SD": ""}
    width = 2 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2].lower() in _REGISTRIES else 1
    suffix, name, below = labels[-width:], labels[-width - 1], labels[: -width - 1]
    registered = ".".join([name, *suffix])
    return {"FQDN": host, "RDN": registered, "DN": name, "TLD": ".".join(suffix), "SD": ".".join(below)}


def path_rest(path: str) -> tuple[str, str]:
    """Cut the base off a path; give what follows, and why the path cannot be sent (empty: it can)."""
    base = next((base for base in BASES if path.startswith(base)), None)
    if base is None:
        return "/", "a path begins with {{BaseURL}}; other addresses are outside the scope of an inspection"
    rest = path[len(base) :]
    if rest and rest[0] not in "/?":
        return "/", f"after {base} comes / or ?, saw {rest[:10]!a}; anything else would name another server"
    return (rest if rest.startswith("/") else "/" + rest), ""
