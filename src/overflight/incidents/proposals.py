"""What a press page says, as proposals: who said what, with the sentence. Rules, no judgement: a person confirms every one.

A sentence is proposed from if somebody is said to have said it ("said", "according to") and it holds a quantity, a denial, or that
somebody was never inside. Offers, banners and sentences that come twice are dropped. What is missing is left missing: who "he"
is, the zone of a time of day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MOST_SENTENCES: Final = 5_000
LONGEST: Final = 1_000
"""Characters of a sentence; what is longer is a list or a table."""

_SAID: Final = r"said|says|stated|states|told|claimed|claims|reported|announced|denied|denies|insisted|added|confirmed|rejected|wrote|declared"
_ATTRIBUTED: Final = re.compile(r"\baccording to (?P<who>[^,.;\"”]+)", re.IGNORECASE)
_SPEAKER: Final = re.compile(
    rf"(?P<who>[^,;:\"“”]+?)\s+(?:(?:has|have|had|also|later)\s+)*(?:{_SAID})\b", re.IGNORECASE
)
_PRONOUN: Final = re.compile(r"^(he|she|they|it|who|officials?|(a )?spokes(man|woman|person))$", re.IGNORECASE)
_WHEN: Final = re.compile(r"\s+(on|in a|at a|late|early)\s.*$")

_OFFER: Final = re.compile(
    r"\b(subscri\w+|newsletter|sign up|log ?in|cookies?|advert\w*|sponsored|discount|% off|free trial|best deals?|read more|click here"
    r"|all rights reserved|download (our|the) app|follow us)\b|% off\b|(€|\$|£)\s?\d+(\.\d+)?\s?(a|per|/)\s?(month|week|year)",
    re.IGNORECASE,
)

_UNITS: Final = {
    "distance": r"statute miles?|nautical miles?|miles?|kilomet(?:re|er)s?|km|met(?:re|er)s?|m|NM",
    "altitude": r"feet|foot|ft",
    "duration": r"seconds?|minutes?|hours?",
    "speed": r"knots|kt|km/h|mph",
    "count": r"missiles?|aircraft|jets?|warplanes?|planes?|targets?|warnings?|times|violations?",
}
_WORDS: Final = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12", "a few": "a few", "several": "several",
}  # fmt: skip
_BOUNDS: Final = {
    "at least": "at least", "no less than": "at least", "more than": "at least", "over": "at least", "at most": "at most",
    "up to": "at most", "no more than": "at most", "about": "about", "around": "about", "some": "about", "nearly": "about",
    "approximately": "about",
}  # fmt: skip
_NUMBER: Final = re.compile(
    rf"(?:(?P<bound>{'|'.join(_BOUNDS)})\s+)?(?P<number>\d[\d,]*(?:\.\d+)?|{'|'.join(_WORDS)})[\s-]+"
    rf"(?P<unit>{'|'.join(_UNITS.values())})\b",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(
    r"\bat (?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?\s*(?P<half>[ap]\.?m\b)?", re.I
)
_NEVER: Final = re.compile(
    r"\b(never|not|n't)\b[^,.;]{0,20}\b(inside|entered|enter|crossed|cross|violated?)\b|\bwithout (entering|crossing)\b",
    re.I,
)
_HIGH: Final = re.compile(r"\b(altitude|height|high)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """A claim that a page may report, in the fields of `overflight.incidents.claims`, and the sentence that it is from."""

    by: str
    quantity: str
    what: str
    value: str | float | None
    unit: str
    bound: str
    sentence: str

    def claim(self, case: str, of: str, source: str) -> dict[str, Any]:
        """Return the claim that it is once a person has confirmed it."""
        told = {
            "quantity": self.quantity,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "bound": self.bound,
        }
        return {"case": case, "by": self.by, "of": of, **told, "source": source}


def proposals(text: str, date: str | None) -> tuple[list[Proposal], dict[str, int]]:
    """Return what a page's text proposes, and how many sentences were dropped, by reason. `date` is that of the page, for times of day."""
    found: list[Proposal] = []
    dropped = {"offer or banner": 0, "said before": 0, "too long": 0}
    seen: set[str] = set()
    speaker = ""
    for sentence in _sentences(text):
        key = re.sub(r"\W+", " ", sentence).strip().lower()
        if key in seen:
            dropped["said before"] += 1
        elif _OFFER.search(sentence):
            dropped["offer or banner"] += 1
        elif len(sentence) > LONGEST:
            dropped["too long"] += 1
        else:
            named = _speaker(sentence)
            if named is not None:
                speaker = named or speaker
                found.extend(_of(sentence, named or (f"{speaker} (?)" if speaker else "?"), date))
        seen.add(key)
    return found, {reason: count for reason, count in dropped.items() if count}


def _sentences(text: str) -> Iterator[str]:
    count = 0
    for line in text.splitlines():
        for part in re.split(r"(?<=[.!?][\"”])\s+|(?<=[.!?])\s+(?=[\"“A-Z])", line.strip()):
            if part and count < MOST_SENTENCES:
                count += 1
                yield part.strip()


def _speaker(sentence: str) -> str | None:
    """Who is said to have said it; empty where that is "he" or nobody by name, None where nobody said anything."""
    match = _ATTRIBUTED.search(sentence) or _SPEAKER.search(sentence)
    if match is None:
        return None
    who = _WHEN.sub("", match["who"].strip(" '’“”\"-"))
    who = re.sub(r"^(and|but|while|meanwhile|the|a|an)\s+", "", who, flags=re.IGNORECASE).strip()
    return "" if _PRONOUN.match(who) or len(who) > 80 else who


def _of(sentence: str, by: str, date: str | None) -> Iterator[Proposal]:
    for match in _NUMBER.finditer(sentence):
        clause, number = _clause(sentence, match), match["number"].lower()
        unit = match["unit"]
        quantity = next(kind for kind, units in _UNITS.items() if re.fullmatch(units, unit, re.IGNORECASE))
        if quantity in {"distance", "altitude"}:
            metric = quantity == "distance" and re.fullmatch(r"m|met(?:re|er)s?", unit, re.IGNORECASE) is not None
            near = sentence[max(0, match.start() - 30) : match.end() + 15]
            quantity = "altitude" if _HIGH.search(near) and (metric or quantity == "altitude") else "distance"
        digits = _WORDS.get(number, number.replace(",", ""))
        value: str | float = digits
        if re.fullmatch(r"\d+(\.\d+)?", digits):
            value = float(digits) if "." in digits else int(digits)
        yield Proposal(
            by, quantity, clause, value, unit, _BOUNDS.get((match["bound"] or "").lower(), "exactly"), sentence
        )
    for match in _CLOCK.finditer(sentence):
        hour = int(match["hour"]) % 12 + 12 * (match["half"].lower()[0] == "p") if match["half"] else int(match["hour"])
        clock = f"{hour:02d}:{match['minute']}" + (f":{match['second']}" if match["second"] else "")
        if hour < 24:
            yield Proposal(by, "time", _clause(sentence, match), f"{date or '?'}T{clock}", "zone?", "exactly", sentence)
    if never := _NEVER.search(sentence):
        yield Proposal(by, "inside/outside", _clause(sentence, never), "outside", "", "exactly", sentence)
    elif re.search(r"\b(denied|denies)\b", sentence, re.IGNORECASE):
        yield Proposal(by, "verdict", "deny", None, "", "exactly", sentence)


def _clause(sentence: str, match: re.Match[str]) -> str:
    """The part of the sentence between commas that a match stands in."""
    start = max((m.end() for m in re.finditer(r"[,;:\"“”]\s|^", sentence[: match.start()])), default=0)
    following = re.search(r"[,;:\"“”](\s|$)|\.$", sentence[match.end() :])
    end = match.end() + (following.start() if following else len(sentence) - match.end())
    return sentence[start:end].strip(" .\"“”'")
