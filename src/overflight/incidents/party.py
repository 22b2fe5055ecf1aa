"""A party's record: a folder with its keys, the policy that pins the keys of others, its log and copies of theirs, and its evidence.

record/party.toml       its name, and where the database is, if it is not beside
record/log.key          signs statements and the log's checkpoints; readable by its owner only
record/witness.key      signs as a witness of the others' logs
record/policy           whose keys are whose (C2SP tlog-policy)
record/record.sqlite    all logs
record/signed           the checkpoint that was signed last, so that a restored older database is noticed
record/evidence/        what statements rest on, each by its salted digest
record/forks/           where a log was shown in two ways, both checkpoints: the proof
"""

from __future__ import annotations

import re
import secrets
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from overflight.errors import InputError, ParameterError
from overflight.files import whole_file
from overflight.incidents.evidence import Piece
from overflight.incidents.log.checkpoints import Checkpoint, read_checkpoint
from overflight.incidents.log.dsse import sealed
from overflight.incidents.log.notes import COSIGNATURE, ED25519, Signer, signer
from overflight.incidents.log.policy import Policy, load_policy
from overflight.incidents.log.sequencer import Sequencer
from overflight.incidents.log.store import Store, StoredLog, open_store
from overflight.incidents.log.witness import Witness
from overflight.incidents.statements import PAYLOAD_TYPE, Predicate, payload, read

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,58}[a-z0-9])?")
_POLICY: Final = """\
# Whose keys are whose. Add the lines of the other parties, as `overflight key show` prints them for them, got by a way that you trust.
# A checkpoint counts if it is signed by one of the logs and cosigned as `quorum` asks: a witness, a group, or none. With two others:
#   group others any ALPHA BRAVO
#   quorum others
{card}
quorum none
"""


class Party:
    """A party's record, opened."""

    def __init__(self, folder: Path) -> None:
        """Open the record in a folder.

        Raises:
            InputError: there is none, or it is damaged.
        """
        self.folder = folder
        told = _settings(folder)
        self.name: str = told["name"]
        self.signer = _key(folder / "log.key", f"{self.name}/log", ED25519)
        self.witness_signer = _key(folder / "witness.key", f"{self.name}/witness", COSIGNATURE)
        self.policy: Policy = load_policy(folder / "policy")
        self.store: Store = open_store(told.get("database") or folder / "record.sqlite")
        self.log: StoredLog = self.store.log(self.origin)
        self.evidence = folder / "evidence"

    @property
    def origin(self) -> str:
        """The name of the party's log."""
        return self.signer.key.name

    @property
    def card(self) -> list[str]:
        """The lines by which others pin the party's keys in their policies."""
        return _card(self.name, self.signer, self.witness_signer)

    @property
    def witness(self) -> Witness:
        """The party as a witness of the others' logs."""
        others = [key for key in self.policy.logs if key.name != self.origin]
        return Witness(self.store, self.witness_signer, others)

    def sequencer(self, seen: Iterable[Checkpoint] = ()) -> Sequencer:
        """Return who writes the log; it continues what it signed last, and what others have seen.

        Raises:
            RollbackError: the log does not.
        """
        return Sequencer(self.log, self.signer, [*self._signed(), *seen])

    def state(self, predicate: Predicate, evidence: list[Piece], seen: Iterable[Checkpoint] = ()) -> str:
        """Put a statement into the log, signed and durable, and sign the log; returns the statement's id.

        Raises:
            InputError: the statement contradicts itself, or the database cannot be written to.
            RollbackError: the log does not continue what others have seen of it.
        """
        written = payload(predicate, evidence)
        statement = read(written)
        sequencer = self.sequencer(seen)
        sequencer.add([sealed(written, PAYLOAD_TYPE, self.signer)], [(statement.id, statement.incident)])
        self.sign(sequencer)
        return statement.id

    def sign(self, sequencer: Sequencer) -> Checkpoint:
        """Sign the log as it is, and keep beside the database what was signed."""
        checkpoint = sequencer.checkpoint()
        with whole_file(self.folder / "signed") as temporary:
            temporary.write_bytes(checkpoint.content)
        return checkpoint

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def _signed(self) -> list[Checkpoint]:
        path = self.folder / "signed"
        try:
            return [read_checkpoint(path.read_bytes())] if path.exists() else []
        except (OSError, InputError) as error:
            raise InputError(f"cannot be used ({error})", path=str(path), remedy="restore it from a backup") from None


def create(folder: Path, name: str, database: str | None = None) -> Party:
    """Make a record: new keys, a policy that knows only them, an empty log.

    Raises:
        ParameterError: the name is none that a key can have, or the database no address of one.
        InputError: the database cannot be used, there is a record in the folder, or it cannot be written to.
    """
    if not _NAME.fullmatch(name):
        raise ParameterError(
            "NAME", name, "is no name of a party", remedy="give small letters, digits, dots and dashes"
        )
    if database is not None:
        open_store(database).close()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "party.toml").exists():
            raise InputError("there is a record already", path=str(folder), remedy="name another folder")
        for file in ("log.key", "witness.key"):
            path = folder / file
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_bytes(32).hex() + "\n", encoding="ascii")
        log = _key(folder / "log.key", f"{name}/log", ED25519)
        witness = _key(folder / "witness.key", f"{name}/witness", COSIGNATURE)
        (folder / "policy").write_text(_POLICY.format(card="\n".join(_card(name, log, witness))), encoding="utf-8")
        where = "" if database is None else f"database = {_quoted(database)}\n"
        with whole_file(folder / "party.toml") as temporary:
            temporary.write_text(f'name = "{name}"\n{where}', encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written to ({error.strerror})", path=str(folder)) from None
    return Party(folder)


def _card(name: str, log: Signer, witness: Signer) -> list[str]:
    return [f"log {log.key}", f"witness {name} {witness.key}"]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _settings(folder: Path) -> dict[str, str]:
    path = folder / "party.toml"
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            "is no record",
            path=str(folder),
            remedy="make one with overflight key new NAME, or name another with --record",
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be used ({error})", path=str(path)) from None
    if not isinstance(told.get("name"), str) or not _NAME.fullmatch(told["name"]):
        raise InputError("has no name", path=str(path), remedy='write a line like name = "alpha"')
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _key(path: Path, name: str, kind: int) -> Signer:
    try:
        seed = bytes.fromhex(path.read_text("ascii").strip())
        if len(seed) != 32:
            raise ValueError
    except (OSError, ValueError):
        raise InputError("is no key", path=str(path), remedy="restore it from a backup") from None
    return signer(name, kind, seed)
