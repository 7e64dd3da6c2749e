"""Gates of chance, replayed and as they are: whatever can be followed gives the same."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from gatecore.hosts.acceleration import accelerate
from gatecore.hosts.replay.gate import same

PATTERNS = (r"fee\w*", r"no\s+fee", r"\brisk\b", r"\d+", r"(\d+)\s+(\w+)?", r"bond|loan", r"xyz")
KEYWORDS = ("fee", "risk", "bond", "xyz", "no ")
WORDS = (
    "fee", "fees", "no fee", "risk", "RISK", "12", "7 of", "bond", "loan", "the", "xyz", ".", "\n"
)  # fmt: skip


class Writer:
    """Writes the source of a gate: nested conditions and loops over what a document is asked."""

    def __init__(self, seed: int) -> None:
        self._chosen = random.Random(seed)
        self._lines: list[str] = []
        self._names = 0

    def gate(self, name: str) -> str:
        chosen = self._chosen
        self._lines = [f"class {name}:", "    patterns = " + repr(list(PATTERNS[:3]))]
        self._lines.append("    def helper(self, text, notes):")
        self._setup(2)
        self._block(2, 3, in_loop=False, match=None, results=("True", "flag", "'a'", "number"))
        self._lines.append("        return flag")
        self._lines.append("    def check(self, text, kind):")
        self._setup(2)
        self._lines.append("        notes = []")
        self._block(2, 5, in_loop=False, match=None, results=RESULTS)
        if chosen.random() < 0.7:
            self._lines.append("        flag = bool(self.helper(text, notes)) and flag")
            self._block(2, 3, in_loop=False, match=None, results=RESULTS)
        self._lines.append(f"        return {RESULTS[0]}")
        return "\n".join(self._lines) + "\n"

    def _setup(self, depth: int) -> None:
        pad = "    " * depth
        for line in ("lowered = text.lower()", "flag = False", "number = 0", "spans = []"):
            self._lines.append(pad + line)
        self._lines.append(pad + "state = {'first': False}")
        self._lines.append(pad + "mark = None")

    def _test(self, match: str | None) -> str:
        chosen = self._chosen
        pattern, keyword = chosen.choice(PATTERNS), chosen.choice(KEYWORDS)
        tests = [
            f"re.search({pattern!r}, text)",
            f"re.search({pattern!r}, text, re.I)",
            f"{keyword!r} in lowered",
            f"any(re.search(p, lowered) for p in {list(chosen.sample(PATTERNS, 2))!r})",
            f"all(k in text for k in {list(chosen.sample(KEYWORDS, 2))!r})",
            f"sum(1 for k in {KEYWORDS!r} if k in text) > {chosen.randrange(4)}",
            f"len(text) > {chosen.randrange(40)}",
            f"len(spans) > {chosen.randrange(3)}",
            f"len(list(re.finditer({pattern!r}, text))) == {chosen.randrange(3)}",
            *("flag", "not flag", "spans", "notes", "number > 1", "state['first']"),
            *("'more' not in state", "mark is None", "mark == 'b'"),
        ]
        if match is not None:
            tests += [
                f"{match}.start() > {chosen.randrange(30)}",
                f"'e' in {match}.group()",
                f"'risk' in text[max(0, {match}.start() - 8):{match}.end() + 8]",
            ] * 3
        test = chosen.choice(tests)
        if chosen.random() < 0.25:
            joint = chosen.choice(("and", "or"))
            return f"{test} {joint} {chosen.choice(('', 'not '))}({self._test(match)})"
        return test

    def _block(
        self, depth: int, most: int, *, in_loop: bool, match: str | None, results: tuple[str, ...]
    ) -> None:
        for _ in range(self._chosen.randrange(1, most + 1)):
            self._statement(depth, in_loop=in_loop, match=match, results=results)

    def _statement(
        self, depth: int, *, in_loop: bool, match: str | None, results: tuple[str, ...]
    ) -> None:
        chosen, pad = self._chosen, "    " * depth
        deeper = {"in_loop": in_loop, "match": match, "results": results}
        kind = chosen.randrange(16)
        if kind < 5 and depth < 6:
            self._lines.append(f"{pad}if {self._test(match)}:")
            self._block(depth + 1, 2, **deeper)  # type: ignore[arg-type]
            if chosen.random() < 0.4:
                self._lines.append(f"{pad}else:")
                self._block(depth + 1, 2, **deeper)  # type: ignore[arg-type]
        elif kind < 7 and depth < 5:
            self._names += 1
            name = f"p{self._names}"
            self._lines.append(f"{pad}for {name} in {list(chosen.sample(PATTERNS, 3))!r}:")
            self._lines.append(f"{pad}    if re.search({name}, text):")
            self._block(depth + 2, 2, in_loop=True, match=match, results=results)
        elif kind < 9 and depth < 5 and match is None:
            self._names += 1
            name, pattern = f"m{self._names}", chosen.choice(PATTERNS)
            self._lines.append(f"{pad}for {name} in re.finditer({pattern!r}, text, re.I):")
            self._block(depth + 1, 2, in_loop=True, match=name, results=results)
        elif kind == 9 and in_loop:
            self._lines.append(f"{pad}{chosen.choice(('break', 'continue'))}")
        elif kind == 10:
            self._lines.append(f"{pad}return {chosen.choice(results)}")
        else:
            simple = [
                *("flag = True", "flag = not flag", "number += 1", "number = len(spans)"),
                *("state['first'] = True", "state['more'] = number", "mark = 'b'", "mark = 'c'"),
                f"notes.append({chosen.choice(KEYWORDS)!r})",
                "notes.append(f'{len(spans)} {number}')",
                "spans.extend(notes)",
                f"spans += [k for k in {KEYWORDS!r} if k in text]",
                f"flag = bool({self._test(match)})",
                f"number = 2 if {self._test(match)} else number",
            ]
            if match is not None:
                simple += [
                    f"spans.append(({match}.start(), {match}.group()))",
                    f"notes.append({match}.group().upper())",
                    f"spans.append({{'at': {match}.end(), 'n': number}})",
                ] * 3
            self._lines.append(pad + chosen.choice(simple))


_ALL = (
    "{'flag': flag, 'n': number, 'spans': spans, 'notes': len(notes), 'state': state, 'mark': mark}"
)
RESULTS = (
    _ALL,
    "{'status': 'N/A', 'n': number}",
    "{'spans': spans[:2], 'flag': flag}",
    "{'notes': notes, 'more': list(state.keys()), 'first': state['first']}",
    "None",
)


def module_of(path: Path, source: str) -> Any:
    path.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def outcome(gate: Any, text: str) -> Any:
    try:
        return gate.check(text, "letter")
    except Exception as error:
        return type(error).__name__, str(error)


def run(folder: Path, seeds: range, count: int) -> tuple[int, int]:
    """Compares gates of these seeds; how many results were replayed, and how many were not."""
    source = "import re\n\n"
    for seed in seeds:
        source += Writer(seed).gate(f"Gate{seed}") + "\n\n"
    module = module_of(folder / f"gates_of_chance_{seeds.start}.py", source)
    replayed = run = 0
    try:
        for seed in seeds:
            make = getattr(module, f"Gate{seed}")
            gate, plain = make(), make()
            chosen = random.Random(seed)
            with accelerate(gate, keep=False, replay=True, backend="portable") as handle:
                for _ in range(count):
                    text = " ".join(chosen.choices(WORDS, k=chosen.randrange(14)))
                    found, expected = outcome(gate, text), outcome(plain, text)
                    assert same(found, expected), (seed, text, found, expected)
                (counts,) = handle.explain().replay.values()
                for wrong in ("in place of", "failed"):
                    assert wrong not in str(counts.refused), (seed, counts.refused)
                assert not any("raised" in reason for reason in counts.reasons), counts.reasons
                replayed, run = replayed + counts.replayed, run + counts.run
    finally:
        del sys.modules[module.__name__]
    return replayed, run


@pytest.mark.parametrize("first", range(0, 60, 20))
def test_gates_of_chance_give_the_same_when_they_are_replayed(tmp_path: Path, first: int) -> None:
    replayed, _ = run(tmp_path, range(first, first + 20), 60)
    assert replayed > 200
