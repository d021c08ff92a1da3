"""SSH algorithms that should not be offered any more (RFC 9142 for key exchange, RFC 8758 for RC4; others as broken). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from probes.services.facts import SshAlgorithms

KEY_EXCHANGE = frozenset(
    {"diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1", "rsa1024-sha1", "gss-group1-sha1"}
)
"""1024-bit groups, or SHA-1 over what the other side chose."""
HOST_KEY = frozenset({"ssh-dss"})
"""1024-bit DSA."""
CIPHER = frozenset(
    {"none", "des-cbc", "3des-cbc", "blowfish-cbc", "cast128-cbc", "idea-cbc", "arcfour", "arcfour128", "arcfour256"}
)
"""No encryption, blocks of 64 bits, RC4."""
MAC = frozenset(
    {"none", "hmac-md5", "hmac-md5-96", "hmac-md5-etm@openssh.com", "hmac-md5-96-etm@openssh.com", "hmac-sha1-96"}
)
"""No integrity, MD5, cut SHA-1."""
_MOST = 12


def outdated(offered: SshAlgorithms) -> tuple[str, ...]:
    """Give the outdated algorithms that a server offers, each once."""
    return tuple(dict.fromkeys(_outdated(offered)))[:_MOST]


def _outdated(offered: SshAlgorithms) -> Iterator[str]:
    for names, old in (
        (offered.key_exchange, KEY_EXCHANGE),
        (offered.host_key, HOST_KEY),
        (offered.cipher, CIPHER),
        (offered.mac, MAC),
    ):
        yield from (name for name in names if name in old)
