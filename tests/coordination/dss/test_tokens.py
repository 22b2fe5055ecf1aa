"""What opens the register, and what does not."""

from __future__ import annotations

import base64
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import RSAKey

from overflight.errors import InputError
from overflight.server.bearer import Bearers
from tests.coordination.dss.standing import AUDIENCE, AUTHORITY, INTENTS, STRATEGIC, keys_file, new_id, standing, token


def _part(told: Any) -> str:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _forged(algorithm: str) -> str:
    """A token that is signed by nobody, or with the public key as the secret: what takes any algorithm takes these."""
    claims = {"iss": "authority", "sub": "uss1", "aud": AUDIENCE, "exp": int(time.time()) + 3600, "scope": STRATEGIC}
    said = f"{_part({'alg': algorithm, 'kid': 'one'})}.{_part(claims)}"
    secret = AUTHORITY.as_pem(private=False)
    return f"{said}.{'' if algorithm == 'none' else _part(hmac.digest(secret, said.encode(), 'sha256'))}"


WRONG: dict[str, str] = {
    "none": "",
    "no token": "Bearer ",
    "another scheme": "Basic dXNlcjpwYXNz",
    "no structure": "Bearer abc",
    "long": "Bearer " + "a" * 10_000,
    "unsigned": f"Bearer {_forged('none')}",
    "symmetric": f"Bearer {_forged('HS256')}",
    "another's": f"Bearer {token(key=RSAKey.generate_key(2048, {'kid': 'one'}, private=True))}",
    "expired": f"Bearer {token(exp=int(time.time()) - 60)}",
    "for ever": f"Bearer {token(exp=None)}",
    "for another": f"Bearer {token(aud='another.example')}",
    "for nobody": f"Bearer {token(aud=None)}",
    "by nobody": f"Bearer {token(iss=None)}",
    "by blank": f"Bearer {token(iss='')}",
    "of nobody": f"Bearer {token(sub='')}",
    "of no text": f"Bearer {token(sub=5)}",  # type: ignore[arg-type]
    "not yet": f"Bearer {token(nbf=int(time.time()) + 600)}",
    "scopes in a list": f"Bearer {token(scope=[STRATEGIC])}",  # type: ignore[arg-type]
}


@pytest.mark.parametrize("header", WRONG.values(), ids=WRONG)
def test_what_does_not_hold_is_401(tmp_path: Path, header: str) -> None:
    with standing(tmp_path / "r.sqlite", tmp_path) as there:
        answer = there.client.get(f"{INTENTS}/{new_id()}", headers={"Authorization": header})
        assert answer.status_code == 401
        assert set(answer.json()) == {"message"}
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_without_a_fitting_scope_is_403_before_anything_is_read(tmp_path: Path) -> None:
    with standing(tmp_path / "r.sqlite", tmp_path) as there:
        for scope in ("", "utm.constraint_processing", "everything", "utm.strategic"):
            headers = {"Authorization": f"Bearer {token(scope=scope)}"}
            answer = there.client.put(f"{INTENTS}/{new_id()}", content=b"{", headers=headers)
            assert answer.status_code == 403


def test_a_token_for_several_audiences(tmp_path: Path) -> None:
    with standing(tmp_path / "r.sqlite", tmp_path) as there:
        headers = {"Authorization": f"Bearer {token(aud=['x', AUDIENCE])}"}
        assert there.client.get(f"{INTENTS}/{new_id()}", headers=headers).status_code == 404


def test_keys_are_jwks_or_pem(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(AUTHORITY.as_pem(private=False))
    for path in (keys_file(tmp_path), pem):
        assert Bearers(path, [AUDIENCE]).client(f"Bearer {token('uss7', STRATEGIC)}").name == "uss7"


@pytest.mark.parametrize(
    "content", ["", "{", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "YWJj"}]}', "-----BEGIN"]
)
def test_files_without_a_key_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    with pytest.raises(InputError, match="key"):
        Bearers(path, [AUDIENCE])
    with pytest.raises(InputError, match="cannot be read"):
        Bearers(tmp_path / "nothing", [AUDIENCE])


def test_short_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    short = rsa.generate_private_key(65537, 1024).public_key()
    path.write_bytes(short.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(InputError, match="may be used"):
        Bearers(path, [AUDIENCE])
