"""``overflight demo october-2015``: the scenario that Overflight was made for, told in order."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overflight.incidents.verification import Verification
    from overflight.report.story import Story

TURKEY, RUSSIA = "standing-for-turkey", "standing-for-russia"


def tell(out: Path) -> None:
    """Run the scenario and write report.html, incident.zip and policy to a folder.

    Raises:
        InputError: the example is missing, or the folder cannot be written to.
    """
    from overflight.examples import october
    from overflight.report.story import Story

    folder = october()
    words = _words(folder)
    story = Story(*words["introduction"])
    _border(story, folder, words)
    _corridor(story, folder, words)
    _memorandum(story, folder, words)
    _november(story, folder, words)
    found = _record(folder, out)
    story.chapter(*words["record"])
    story.record(found)
    story.write(out / "report.html", sorted(path.name for path in folder.iterdir() if path.name != "README.md"))


def _words(folder: Path) -> dict[str, tuple[str, str]]:
    """The title and text of every chapter."""
    told = tomllib.loads((folder / "story.toml").read_text("utf-8"))
    return {name: (one["title"], " ".join(one["text"].split())) for name, one in told.items()}


def _border(story: Story, folder: Path, words: dict[str, tuple[str, str]]) -> None:
    from overflight import api

    story.chapter(*words["border"])
    found = api.check(folder / "synthetic_3_october.csv", airspace="country:TR", nets="incursion")
    story.events(found.result, "The synthetic flight")


def _corridor(story: Story, folder: Path, words: dict[str, tuple[str, str]]) -> None:
    from overflight import api

    story.chapter(*words["corridor"])
    found = api.check(
        folder / "synthetic_7_october_civil.csv",
        airspace=folder / "synthetic_corridor_7_october.geojson",
        nets="hazard",
    )
    story.notices(found.result.audit)
    story.events(found.result, "The synthetic civil flights")


def _memorandum(story: Story, folder: Path, words: dict[str, tuple[str, str]]) -> None:
    from overflight import api
    from overflight.agreement.read import read_agreement

    story.chapter(*words["memorandum"])
    agreed = read_agreement(folder / "memorandum.toml")
    found = api.check(
        folder / "synthetic_after_the_memorandum.csv",
        agreement=agreed,
        logs=folder / "synthetic_calls.csv",
        nets="breach",
    )
    story.agreement(agreed)
    story.breaches(found.result)


def _november(story: Story, folder: Path, words: dict[str, tuple[str, str]]) -> None:
    from overflight import api
    from overflight.incidents.claims import read_claims
    from overflight.incidents.examination import examine

    story.chapter(*words["november"])
    judged, found = examine(read_claims(folder / "claims.json"))
    story.claims(judged, found)
    for side in ("turkey", "russia"):
        result = api.check(
            folder / f"synthetic_24_november_as_{side}_states.csv", airspace="country:TR", nets="incursion"
        )
        story.events(result.result, f"The track as {side.capitalize()} states")


def _record(folder: Path, out: Path) -> Verification:
    """Two parties state, exchange and verify; the bundle and the policy to verify it with are left in `out`."""
    from overflight.incidents.bundle import bundle_of, read_bundle, write_bundle
    from overflight.incidents.claims import claims_as_text
    from overflight.incidents.evidence import copy
    from overflight.incidents.exchange import sync
    from overflight.incidents.log.policy import read_policy
    from overflight.incidents.party import Party, create
    from overflight.incidents.places import Folder
    from overflight.incidents.stating import Check, state
    from overflight.incidents.verification import verify

    claims = claims_as_text(folder / "claims.json", "su24-2015-11-24")
    of_russia = [one for one in claims if one["by"].startswith("Russia")]
    of_turkey = [one for one in claims if one["by"].startswith("Turkey")]
    with tempfile.TemporaryDirectory(prefix="overflight-") as name:
        place = Path(name)
        both = [create(place / party, party) for party in (TURKEY, RUSSIA)]
        lines = [line for one in both for line in one.card]
        policy = "\n".join([*lines, f"group either any {TURKEY} {RUSSIA}", "quorum either", ""])
        for one in both:
            (one.folder / "policy").write_text(policy)
            one.close()
        turkey, russia = (Party(one.folder) for one in both)
        (place / "stick").mkdir()
        stick = Folder(place / "stick")
        check = Check(
            [folder / "synthetic_24_november_as_turkey_states.csv"], ["country:TR"], parameters={"nets": ["incursion"]}
        )
        incident = state(
            turkey,
            None,
            "open",
            "Two aircraft were inside for 17 seconds; one was warned ten times. (As the public statements have it.)",
            claims=of_turkey,
            check=check,
        )
        for one in (turkey, russia, turkey):
            sync(one, stick)
        state(
            russia, incident, "deny", "The aircraft was never inside, and no warning was heard. (As the public statements have it.)",
            claims=of_russia, files=[folder / "synthetic_24_november_as_russia_states.csv"], replies_to=[incident],
        )  # fmt: skip
        for one in (russia, turkey, russia, turkey):
            sync(one, stick)
        for piece in russia.evidence.iterdir():  # both give what they have to the bundle
            copy(piece.name, russia.evidence, turkey.evidence)
        path = out / "incident.zip"
        write_bundle(bundle_of(turkey.store, turkey.policy, incident, turkey.evidence), path)
        turkey.close()
        russia.close()
        (out / "policy").write_text(policy)
        return verify(read_bundle(path, place / "unpacked"), read_policy(policy.encode()))
