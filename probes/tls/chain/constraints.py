"""Name constraints (RFC 5280, section 4.2.1.10). Pure, and bounded: constraints times names is what makes them slow."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

from probes.tls.chain.certificate import Certificate, NameKey, name_key, shown_name
from probes.tls.chain.general_names import is_dns_name, is_mailbox

MOST_COMPARISONS = 250_000
"""Most comparisons for one path; a real authority needs some thousand."""
_COMPARED = (x509.DNSName, x509.IPAddress, x509.RFC822Name, x509.DirectoryName, x509.UniformResourceIdentifier)


class TooManyError(Exception):
    """More constraints and names than are compared."""

    def __init__(self, comparisons: int) -> None:
        super().__init__(comparisons)
        self.comparisons = comparisons

    def __str__(self) -> str:
        return f"{self.comparisons} comparisons of names with name constraints"


def constraints_of(authority: Certificate) -> x509.NameConstraints | None:
    """Give the name constraints of an authority; None when it has none."""
    found = authority.extension(x509.NameConstraints)
    return found.value if found else None


def bad_constraints(constraints: x509.NameConstraints) -> str:
    """Say why constraints cannot be applied; empty when they can."""
    trees = (*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ()))
    if not trees:
        return "they are empty"
    for tree in trees:
        if isinstance(tree, x509.DNSName) and tree.value and not is_dns_name(tree.value):
            return f"{tree.value!a} is no DNS name"
        if isinstance(tree, x509.RFC822Name) and not _mail_constraint(tree.value):
            return f"{tree.value!a} is no mail address or host"
        if isinstance(tree, x509.UniformResourceIdentifier) and not is_dns_name(tree.value.removeprefix(".")):
            return f"{tree.value!a} is no host"
    return ""


def _mail_constraint(text: str) -> bool:
    return is_mailbox(text) if "@" in text else is_dns_name(text.removeprefix("."))


def names_under_constraint(certificate: Certificate) -> Iterator[x509.GeneralName]:
    """Give every name of a certificate that constraints apply to: subject, subjectAltName, mail addresses in the subject."""
    if certificate.subject:
        yield x509.DirectoryName(certificate.subject_name)
    yield from certificate.names or ()
    if not any(isinstance(name, x509.RFC822Name) for name in certificate.names or ()):
        for attribute in certificate.subject_name.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            if isinstance(attribute.value, str) and attribute.value.isascii():
                yield x509.RFC822Name(attribute.value)


def forbidden(constraints: x509.NameConstraints, certificate: Certificate) -> str:
    """Give a name of `certificate` that the constraints forbid; empty when there is none. Raises `TooManyError`."""
    permitted, excluded = constraints.permitted_subtrees or [], constraints.excluded_subtrees or []
    names = list(names_under_constraint(certificate))
    parts = len(names) + len(certificate.subject)
    if (work := parts * (len(permitted) + len(excluded))) > MOST_COMPARISONS:
        raise TooManyError(work)
    for name in names:
        same_kind = [tree for tree in permitted if type(tree) is type(name)]
        if not isinstance(name, _COMPARED):
            # A form that nobody can compare must not slip through (RFC 5280, 4.2.1.10, last paragraph but one).
            if same_kind or any(type(tree) is type(name) for tree in excluded):
                return f"a name of the form {type(name).__name__}"
            continue
        if any(type(tree) is type(name) and _touches(tree, name) for tree in excluded):
            return _shown(name)
        if same_kind and not any(_holds(tree, name) for tree in same_kind):
            return _shown(name)
    return ""


def _holds(tree: x509.GeneralName, name: x509.GeneralName) -> bool:
    """Tell whether the whole of `name` lies inside of `tree`."""
    match tree, name:
        case x509.DNSName(), x509.DNSName():
            # Everything a wildcard can stand for lies below what follows the star.
            return _below(name.value.removeprefix("*."), tree.value)
        case x509.IPAddress(), x509.IPAddress():
            return _inside(tree.value, name.value)
        case x509.RFC822Name(), x509.RFC822Name():
            return _mail(tree.value, name.value)
        case x509.DirectoryName(), x509.DirectoryName():
            return _prefix(name_key(tree.value), name_key(name.value))
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _host(tree.value, _uri_host(name.value))
        case _:
            return False


def _touches(tree: x509.GeneralName, name: x509.GeneralName) -> bool:
    """Tell whether a part of `name` lies inside of `tree`: a wildcard that could stand for an excluded host touches it."""
    if isinstance(tree, x509.DNSName) and isinstance(name, x509.DNSName) and name.value.startswith("*."):
        parent, label, rest = name.value[2:], *[*tree.value.split(".", 1), ""][:2]
        return _below(parent, tree.value) or (bool(label) and rest.lower() == parent.lower())
    return _holds(tree, name)


def _below(name: str, tree: str) -> bool:
    name, tree = name.lower(), tree.lower()
    return not tree or name == tree or name.endswith(f".{tree}")


def _inside(tree: object, name: object) -> bool:
    if not isinstance(tree, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return False
    if isinstance(name, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return name.version == tree.version and name in tree
    return False


def _mail(tree: str, name: str) -> bool:
    if "@" in tree:
        local, _, host = tree.rpartition("@")
        other, _, elsewhere = name.rpartition("@")
        return local == other and host.lower() == elsewhere.lower()
    return _host(tree, name.rpartition("@")[2])


def _host(tree: str, host: str) -> bool:
    """A tree with a leading dot holds hosts below it, one without holds that host only."""
    tree, host = tree.lower(), host.lower()
    return host.endswith(tree) and host != tree if tree.startswith(".") else host == tree


def _uri_host(uri: str) -> str:
    authority = uri.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return authority.partition(":")[0]


def _prefix(tree: NameKey, name: NameKey) -> bool:
    return name[: len(tree)] == tree


def _shown(name: x509.GeneralName) -> str:
    value = name.value
    text = shown_name(value) if isinstance(value, x509.Name) else str(value)
    return text.encode("ascii", "backslashreplace").decode()[:120]
