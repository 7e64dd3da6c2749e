"""Gates for `test_replay`: each asks a document in another way."""

from __future__ import annotations

import random
import re
import time
from typing import Any

Report = dict[str, Any]
WEAK = ["maybe", "perhaps", "might"]
LIMITS = {"short": 40, "long": 160}
SEEN: list[str] = []


def strong(text: str, words: list[str]) -> bool:
    return any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in words)


class Base:
    source = "rule 7"

    def __init__(self) -> None:
        self.severity = "high"
        self.words = ["risk", "fee", "loan"]
        self.patterns = [r"no\s+fee", r"risk\w*", r"loan\s+of\s+\d+"]

    def relevant(self, text: str) -> bool:
        lowered = (text or "").lower()
        return any(word in lowered for word in self.words) or "bond" in lowered


class Questions(Base):
    """Only yes and no."""

    def check(self, text: str, kind: str) -> Report:
        if not self.relevant(text):
            return {"status": "N/A", "source": self.source}
        issues = []
        for pattern in self.patterns:
            if not re.search(pattern, text, re.IGNORECASE):
                issues.append(f"lacks {pattern}")
        if strong(text, WEAK) and len(issues) > 1:
            issues.append("is weak")
        found = sum(1 for word in self.words if word in text)
        status = "FAIL" if len(issues) >= 3 else "WARN" if issues else "PASS"
        if found > 1 and not issues:
            return {"status": "PASS", "found": found}
        return {"status": status, "issues": issues, "found": found, "severity": self.severity}


class Spans(Base):
    """All matches, with where they are."""

    def check(self, text: str, kind: str) -> Report:
        spans = []
        has_fee = False
        for pattern in self.patterns:
            matches = list(re.finditer(pattern, text, re.IGNORECASE))
            if matches:
                has_fee = has_fee or "fee" in pattern
                for m in matches:
                    around = text[max(0, m.start() - 10) : min(len(text), m.end() + 10)]
                    spans.append({"at": (m.start(), m.end()), "text": m.group(), "near": around})
                    if "bond" in around.lower():
                        spans.append({"at": m.span(), "text": "bond is near", "near": pattern})
        if len(spans) > 4 and has_fee:
            return {"status": "FAIL", "spans": spans[:4], "count": len(spans)}
        return {"status": "PASS" if not spans else "WARN", "spans": spans}


class Breaks(Base):
    """Loops that are left, and that go on."""

    def check(self, text: str, kind: str) -> Report:
        first = None
        for word in self.words:
            if word in text.lower():
                first = word
                break
        kept = []
        for m in re.finditer(r"\b[a-z]+\b", text):
            if len(m.group()) < 4:
                continue
            kept.append(m.group())
        flag = False
        for m in re.finditer(r"\d+", text):
            if m.start() > 30:
                flag = True
        return {"first": first, "kept": kept, "late": flag, "share": f"{len(kept)} of {len(text)}"}


class Dicts(Base):
    """Dicts whose keys depend on the document."""

    def check(self, text: str, kind: str) -> Report:
        groups = {"money": [r"fee\w*", r"loan"], "doubt": [r"mayb\w", r"might"]}
        found: dict[str, list[str]] = {}
        state = {}
        for name, patterns in groups.items():
            state[name] = False
            for pattern in patterns:
                matches = list(re.finditer(pattern, text))
                if matches:
                    state[name] = True
                    if name not in found:
                        found[name] = []
                    for m in matches:
                        found[name].append(m.group())
        missing = [name for name, there in state.items() if not there]
        if len(found) == 2:
            return {"status": "PASS", "groups": list(found.keys()), "found": found}
        return {"status": "FAIL", "missing": ", ".join(missing), "found": found, "state": state}


class Groups(Base):
    """Groups and numbers, which may be none."""

    def check(self, text: str, kind: str) -> Report:
        m = re.search(r"(\d+)(?:\s+of\s+(\w+))?", text)
        if not m:
            return {"status": "N/A"}
        number = int(m.group(1))
        if number > 10:
            return {"status": "WARN", "number": m.group(1), "what": m.group(2), "at": m.start(1)}
        return {"status": "PASS", "message": f"{number} {m.group(2)!r} {m.group().upper()}"}


class Kinds(Base):
    """Its result depends on what else it is called with."""

    def check(self, text: str, kind: str) -> Report:
        limit = LIMITS.get(kind, 80)
        too_long = len(text) > limit
        return {"kind": kind, "long": too_long, "words": len(text.split()), "risk": "risk" in text}


class TwoLists(Base):
    """A list that two loops fill, and one that is made of another."""

    def check(self, text: str, kind: str) -> Report:
        spans: list[dict[str, Any]] = []
        for m in re.finditer(r"\bfee\b", text):
            spans.append({"kind": "fee", "start": m.start()})
        for m in re.finditer(r"\brisk\b", text):
            spans.append({"kind": "risk", "start": m.start()})
        starts = [span["start"] for span in spans if span["kind"] != "fee"]
        for m in re.finditer(r"\bloan\b", text):
            spans.append({"kind": "loan", "start": m.start()})
            spans.append({"kind": "after", "start": m.end()})
        return {"spans": spans, "many": len(spans) > 3, "starts": len(starts)}


class Helper(Base):
    """Functions that are left early, with lists and without."""

    def notes(self, text: str) -> list[str]:
        notes: list[str] = []
        if "fee" not in text:
            return notes
        notes.append("fee")
        if "risk" in text:
            notes.append("risk")
        return notes

    def level(self, text: str) -> int:
        if "risk" in text:
            return 3
        if "loan" in text:
            return 2
        return 1

    def check(self, text: str, kind: str) -> Report:
        notes = self.notes(text)
        return {"notes": notes, "level": self.level(text), "many": len(notes) > 1}


class Counters(Base):
    """What one turn does depends on those before: not followed."""

    def check(self, text: str, kind: str) -> Report:
        words: list[str] = []
        seen = False
        for m in re.finditer(r"\w+", text):
            if m.group() not in words and not seen:
                words.append(m.group())
            seen = not seen
        return {"words": words}


class SeveralTurns(Base):
    """Goes through what the turns of one loop made in turn: not followed."""

    def check(self, text: str, kind: str) -> Report:
        ends: list[int] = []
        for m in re.finditer(r"\w+", text):
            ends.append(m.start())
            ends.append(m.end())
        return {"ends": [end for end in ends if end]}


FOLLOWED = [Questions, Spans, Breaks, Dicts, Groups, Kinds, TwoLists, Helper]


class Writes(Base):
    def check(self, text: str, kind: str) -> Report:
        self.last = text
        return {"risk": "risk" in text}


class Clock(Base):
    def check(self, text: str, kind: str) -> Report:
        return {"risk": "risk" in text, "at": time.monotonic() > 0}


class Chance(Base):
    def check(self, text: str, kind: str) -> Report:
        return {"risk": "risk" in text or random.random() < 2}


class Keeps(Base):
    def check(self, text: str, kind: str) -> Report:
        SEEN.append(text)
        return {"risk": "risk" in text}


class HandsOut(Base):
    def check(self, text: str, kind: str) -> Report:
        return {"risk": "risk" in text, "words": self.words}


class HoldsText(Base):
    def check(self, text: str, kind: str) -> Report:
        return {"text": text}


class HoldsMatch(Base):
    def check(self, text: str, kind: str) -> Report:
        return {"match": re.search("risk", text)}


class SameTwice(Base):
    def check(self, text: str, kind: str) -> Report:
        spans = [m.group() for m in re.finditer("risk", text)]
        return {"spans": spans, "again": spans}


REFUSED = {
    Writes: "writes self.last",
    Clock: "reads time, a module",
    Chance: "reads random, a module",
    Keeps: "reads SEEN, a Document",
    SeveralTurns: "it goes through what several turns of a loop have made",
    HandsOut: "its result holds a list that is not its own",
    HoldsText: "its result holds the whole text",
    HoldsMatch: "its result holds a OneMatch",
    SameTwice: "its result has the same list or dict in two places",
    Counters: "what it does for a match depends on the matches before",
}
