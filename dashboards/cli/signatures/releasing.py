"""`tenken signatures pack`, `key`, `sign`, `verify`, `install`: from a folder to a release that two people answer for."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dashboards.cli.logged import AUDIT_LOG, actor
from dashboards.cli.paths import home
from dashboards.cli.signatures.folder import (
    EXIT_MISTAKES,
    EXIT_WRONG_INPUT,
    Folder,
    cases_of,
    folder_of,
    refusals,
    whole_pack,
)
from grid.audit import Action, AuditError, AuditLog
from grid.key import KeyFileError, load_or_create, raw_public
from plugins.clock import SystemClock
from plugins.pack import Pack
from plugins.proof import examine_card, examine_proof
from plugins.release import (
    PEOPLE,
    Release,
    again,
    from_bytes,
    load_reviewers,
    opened,
    release_of,
    signed,
    signers,
    to_bytes,
)
from scheduler.controls.planted import missing
from scheduler.shelf import PACK_FILE, REVIEWERS_FILE
from scheduler.trail import Note

pack_app = typer.Typer(add_completion=False)
key_app = typer.Typer(add_completion=False)
sign_app = typer.Typer(add_completion=False)
verify_app = typer.Typer(add_completion=False)
install_app = typer.Typer(add_completion=False)

KEY_FILE = "reviewer-key.pem"
"""File of a reviewer's key, in the user's own folder."""

File = Annotated[Path, typer.Argument(metavar="PACK", help="Release file, as `tenken signatures pack` writes it.")]
Key = Annotated[Path | None, typer.Option(help="Your key; default: one of your own, made on first use.")]


@pack_app.command("pack")
def pack_(
    *,
    folder: Folder = None,
    out: Annotated[Path, typer.Option(help="Folder for the release file.")] = Path(),
) -> None:
    """Put a folder of signatures into one release file, named by its content. Every signature has to pass its tests.

    Exit code: 0 written, 1 tests fail, 3 wrong input.
    """
    where = folder_of(folder)
    with refusals():
        pack = whole_pack(where)
        _prove(pack, where)
        release = release_of(where, pack)
        out.mkdir(parents=True, exist_ok=True)
        path = out / release.file_name
        _write(path, to_bytes(release))
    typer.echo(str(path))
    typer.echo(f"pack {release.digest}: {len(pack.signatures)} signatures, {len(pack.decisions)} reviewers' decisions")
    typer.echo(f"Next: {PEOPLE} different people run: tenken signatures sign {path} --name NAME")


@key_app.command("key")
def key_(name: Annotated[str, typer.Option(help="Your name, as you sign.")], *, key: Key = None) -> None:
    """Print the line by which others know your signature; makes your key on first use.

    Exit code: 0, 3 wrong input.
    """
    public = raw_public(_key(key).public_key())
    typer.echo(f"- name: {name}\n  key: {public.hex()}")


@sign_app.command("sign")
def sign(
    file: File,
    name: Annotated[str, typer.Option(help="Your name, as it stands in the list of reviewers.")],
    *,
    key: Key = None,
) -> None:
    """Sign off a release: makes it again from its sources, runs its tests, lists reviewers' decisions, then signs.

    Exit code: 0 signed, 1 tests fail, 3 wrong input.
    """
    with refusals():
        release = _read(file)
        pack = _prove_release(release)
        for decision in pack.decisions:
            typer.echo(
                f"decision: {decision.signature} in spite of {decision.rule}: {decision.reason} "
                f"({decision.reviewer}, {decision.date})"
            )
        private = _key(key)
        clock = SystemClock()
        made = signed(release, name, private, clock.now())
        detail = f"digest={made.digest} tests={made.tests_digest} name={name} decisions={len(pack.decisions)}"
        note = Note(actor=actor(), action=Action.PACK_SIGNED, subject=f"pack {made.digest[:16]}", detail=detail)
        _log(note, clock)
        _write(file, to_bytes(made))
    typer.echo(f"signed by {name}: pack {made.digest} ({len(pack.signatures)} signatures)")


@verify_app.command("verify")
def verify(
    file: File,
    *,
    reviewers: Annotated[Path, typer.Option(help="List of those whose signatures count.")] = Path(REVIEWERS_FILE),
) -> None:
    """Verify a release: two different reviewers, every byte, the compiled form against its sources, and all tests.

    Exit code: 0 good, 1 tests fail, 3 not to be used.
    """
    with refusals():
        release = _read(file)
        people = load_reviewers(reviewers.read_bytes(), str(reviewers))
        opened(release, people, str(file))
        pack = _prove_release(release)
    typer.echo(
        f"good: pack {release.digest}, {len(pack.signatures)} signatures, signed by {', '.join(signers(release, people))}"
    )


@install_app.command("install")
def install(
    file: File,
    *,
    data: Annotated[Path, typer.Option(help="Data folder of `tenken serve`.")],
) -> None:
    """Give a release to a service. It is verified here and there; inspections that begin from now on use it, without a restart.

    Exit code: 0 installed, 1 tests fail, 3 not to be used.
    """
    with refusals():
        release = _read(file)
        people = load_reviewers((data / REVIEWERS_FILE).read_bytes(), str(data / REVIEWERS_FILE))
        opened(release, people, str(file))
        _prove_release(release)
        _write(data / PACK_FILE, file.read_bytes())
    typer.echo(f"installed: pack {release.digest}; the next inspection uses it")


def _read(file: Path) -> Release:
    return from_bytes(file.read_bytes(), str(file))


def _prove(pack: Pack, where: Traversable) -> None:
    flaws = []
    for signature in pack.signatures:
        cases = cases_of(where, signature)
        flaws += [str(flaw) for flaw in (*examine_card(signature), *examine_proof(signature, cases))]
    flaws += [
        f"{name}: is not in the folder, but the control of every run has to find it"
        for name in missing({signature.id for signature in pack.signatures})
    ]
    for flaw in flaws:
        typer.echo(flaw)
    if flaws:
        typer.echo(f"{len(flaws)} not as expected; nothing was released", err=True)
        raise typer.Exit(EXIT_MISTAKES)


def _prove_release(release: Release) -> Pack:
    """Make the pack again and run its tests; give it."""
    pack = again(release)
    with release.tests_folder() as where:
        _prove(pack, where)
    return pack


def _key(path: Path | None) -> Ed25519PrivateKey:
    try:
        return load_or_create(path or home() / KEY_FILE)
    except KeyFileError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_WRONG_INPUT) from None


def _log(note: Note, clock: SystemClock) -> None:
    """Write into the user's audit log, before the signature counts."""
    try:
        note.write(AuditLog(home() / AUDIT_LOG, load_or_create(home() / "order-key.pem"), clock))
    except (AuditError, KeyFileError) as error:
        typer.echo(f"{error}. What cannot be logged does not happen: nothing was signed.", err=True)
        raise typer.Exit(EXIT_WRONG_INPUT) from None


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.replace(path)
