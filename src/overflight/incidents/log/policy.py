"""Policies (C2SP tlog-policy): which logs are known, which witnesses, and which of them must have cosigned a checkpoint.

One rule is added here: parties are each other's witnesses, and nobody is a witness of their own log. A witness belongs to the party whose name
its key and the log's key begin with ("a/log" and "a/witness").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from overflight.errors import InputError
from overflight.incidents.log.checkpoints import Checkpoint, checked
from overflight.incidents.log.notes import COSIGNATURE, ED25519, VerifierKey, verified, verifier_key

MOST_BYTES: Final = 1_000_000
NONE: Final = "none"


@dataclass(frozen=True)
class Group:
    """At least `least` of these witnesses and groups."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Whose signatures count.

    Attributes:
        logs: keys of the logs; each is named as the log's origin.
        witnesses: keys of the witnesses, by the name that the policy gives them.
        groups: by name.
        quorum: the witness or group that must have cosigned, or "none".
        urls: where a log or witness answers, by the text of its key.
    """

    logs: tuple[VerifierKey, ...]
    witnesses: dict[str, VerifierKey]
    groups: dict[str, Group]
    quorum: str
    urls: dict[str, str]

    def cosignatures(self, checkpoint: Checkpoint) -> dict[str, int]:
        """Return which witnesses cosigned a checkpoint, and when (s since 1970); not the log's own party.

        Raises:
            InputError: a signature that names one of them is not by it.
        """
        by_key = {str(key): name for name, key in self.witnesses.items()}
        others = [key for key in self.witnesses.values() if not same_party(key.name, checkpoint.origin)]
        return {by_key[str(key)]: one.time_s for key, one in verified(checkpoint.note, others)}

    def accepts(self, checkpoint: Checkpoint) -> dict[str, int]:
        """Hold a checkpoint against the policy; returns who cosigned it and when.

        Raises:
            InputError: it is signed by no log of the policy, or the quorum is not reached.
        """
        checked(checkpoint, self.logs)
        found = self.cosignatures(checkpoint)
        if self.quorum != NONE and not self._stands(self.quorum, found.keys()):
            who = ", ".join(sorted(found)) or "nobody"
            raise InputError(
                f"the checkpoint of {checkpoint.origin!r} (size {checkpoint.size}) is cosigned by {who}; the policy asks for {self.quorum!r}",
                place="checkpoint",
                remedy="have it witnessed: overflight incident sync",
            )
        return found

    def _stands(self, name: str, who: Iterable[str]) -> bool:
        names = set(who)
        group = self.groups.get(name)
        return name in names if group is None else sum(self._stands(one, names) for one in group.members) >= group.least


def same_party(key: str, origin: str) -> bool:
    """Say whether a key and a log are of one party: their names are the same up to the last slash."""
    return key.rpartition("/")[0] == origin.rpartition("/")[0]


def load_policy(path: Path) -> Policy:
    """Read a policy from a file.

    Raises:
        InputError: it cannot be read, or a line in it is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=str(path)) from None
    return read_policy(content, str(path))


def read_policy(content: bytes, path: str | None = None) -> Policy:
    """Read a policy.

    Raises:
        InputError: a line in it is wrong; the message names it.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"is larger than {MOST_BYTES:,} bytes", path=path)
    if any(one < 0x20 and one not in b"\t\n" for one in content) or 0x7F in content:
        raise InputError("has control characters", path=path)
    # names are opaque bytes in a policy; surrogateescape keeps them apart whatever they are
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if words and not words[0].startswith("#"):
            try:
                reader.read(words)
            except InputError as error:
                raise InputError(error.reason, path=path, place=f"line {number}", remedy=error.remedy) from None
    if reader.quorum is None:
        raise InputError("has no quorum", path=path, remedy="add a line 'quorum NAME', or 'quorum none'")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum, reader.urls)


class _Reader:
    """Takes a policy line by line."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, VerifierKey] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None
        self.urls: dict[str, str] = {}

    def read(self, words: list[str]) -> None:
        kind, rest = words[0], words[1:]
        if kind == "log" and len(rest) in (1, 2):
            key = self._key(rest, ED25519, self.logs)
            self.logs.append(key)
        elif kind == "witness" and len(rest) in (2, 3):
            self._new(rest[0])
            self.witnesses[rest[0]] = self._key(rest[1:], COSIGNATURE, self.witnesses.values())
        elif kind == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], rest[2:])
        elif kind == "quorum" and len(rest) == 1:
            if self.quorum is not None:
                raise InputError("names a second quorum")
            self.quorum = rest[0] if rest[0] == NONE else self._known(rest[0])
        else:
            raise InputError(
                f"{' '.join(words)[:60]!r} is no line of a policy",
                remedy="write 'log KEY [URL]', 'witness NAME KEY [URL]', 'group NAME all|any|K NAME...' or 'quorum NAME'",
            )

    def _key(self, words: list[str], kind: int, known: Iterable[VerifierKey]) -> VerifierKey:
        key = verifier_key(words[0])
        if key.kind != kind:
            raise InputError(f"{key.name} has a key for another use", remedy="a log has type 1, a witness type 4")
        if any(one.public == key.public for one in known):
            raise InputError(f"the key of {key.name} stands there twice")
        if len(words) == 2:
            self.urls[str(key)] = words[1]
        return key

    def _group(self, name: str, least: str, members: list[str]) -> None:
        self._new(name)
        for member in members:
            if self._known(member) in self.members:
                raise InputError(f"{member!r} is a member of a group already")
            self.members.add(member)
        words = {"all": len(members), "any": 1}
        count = words.get(least) or (int(least) if least.isascii() and least.isdigit() and len(least) < 9 else 0)
        if not 1 <= count <= len(members):
            raise InputError(f"{least!r} of {len(members)} cannot be", remedy="give all, any, or a number up to that")
        self.groups[name] = Group(count, tuple(members))

    def _new(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise InputError(f"the name {name!r} is taken")

    def _known(self, name: str) -> str:
        if name not in self.witnesses and name not in self.groups:
            raise InputError(f"{name!r} is no witness or group of a line before")
        return name
