"""`Client`: who asks the register."""

from __future__ import annotations

from dataclasses import dataclass

from overflight.coordination.dss.refusal import Refusal


@dataclass(frozen=True)
class Client:
    """Who asks: the name that its tokens are for, and what they let it do."""

    name: str
    scopes: frozenset[str]

    def may(self, *scopes: str) -> None:
        """Let pass who has one of some scopes.

        Raises:
            Refusal: 403, it has none of them.
        """
        if not self.scopes & set(scopes):
            raise Refusal(403, f"the token lets you do none of {', '.join(scopes)}")
