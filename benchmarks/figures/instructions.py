"""How many instructions the inner loops take: the same number on a busy machine as on an idle one.

    make bench-compare                       # against the last commit that was recorded
    python -m benchmarks.figures.instructions record
    python -m benchmarks.figures.instructions publish --to site/benchmarks

Each operation is run under callgrind a few times and a few times more, in a process each; the
difference is what one costs, whatever starting Python and loading the set took. The counts of
commits are kept in `benchmarks/history/instructions.jsonl`, one line each. `compare` names what
takes more than at a commit recorded before and ends with status 1; `publish` draws them on one
page that asks for nothing from a network.

Instructions are not time: a miss of the cache is one too. What decides is measured side by side
(`ratios`, `peers`), what guards is counted here.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import gatecore
from benchmarks.figures import history_page
from benchmarks.inputs import corpus

__all__ = ["HISTORY", "OPERATIONS", "Record", "count", "main", "slower"]

HISTORY = Path(__file__).parents[1] / "history" / "instructions.jsonl"

NOISE = 0.01
"""Relative difference that is not named: hash seeds and addresses move a count by up to 0.5 %."""

Operation = Callable[[], object]


@dataclass(frozen=True)
class Record:
    """What the operations took at one commit.

    Attributes:
        commit: Abbreviated.
        date: When it was counted, UTC, ISO 8601.
        python: Version of the interpreter.
        counts: Instructions by operation.
    """

    commit: str
    date: str
    python: str
    counts: Mapping[str, int]


#: What processes that count find in the folder that they are given. Nothing is compiled in them:
#: threads that compile wait awake, so that no two runs take the same number.
_STORED, _TWO = "compliance", "two"


def _folder() -> Path:
    return Path(sys.argv[-1])


def _gates() -> gatecore.GateSet:
    specs = gatecore.modules.load("gdpr_uk").gates
    return gatecore.GateSet(specs, store=gatecore.PatternStore(_folder() / "store"))


def _store_everything(folder: Path) -> None:
    compliance = gatecore.PatternSet(corpus.patterns(2_500))
    (folder / _STORED).write_bytes(compliance.to_bytes())
    two = gatecore.PatternSet([r"no\s+risk", r"absent\d"])
    (folder / _TWO).write_bytes(two.to_bytes())
    specs = gatecore.modules.load("gdpr_uk").gates
    gatecore.GateSet(specs, store=gatecore.PatternStore(folder / "store"))


def _two_patterns() -> gatecore.Document:
    patterns = gatecore.PatternSet.from_bytes((_folder() / _TWO).read_bytes())
    document = gatecore.Document("There is no risk. " * 20, patterns)
    gatecore.re.search(r"no\s+risk", document)
    gatecore.re.search(r"absent\d", document)
    return document


def _search_without_match() -> Operation:
    document = _two_patterns()
    return lambda: gatecore.re.search(r"absent\d", document)


def _search_with_match() -> Operation:
    document = _two_patterns()
    return lambda: gatecore.re.search(r"no\s+risk", document)


def _search_in_plain_text() -> Operation:
    pattern = gatecore.re.compile(r"absent\d")
    return lambda: pattern.search("There is no risk. ")


def _stored_set() -> gatecore.PatternSet:
    return gatecore.PatternSet.from_bytes((_folder() / _STORED).read_bytes())


def _scan(characters: int) -> Operation:
    patterns, text = _stored_set(), corpus.document(characters, kind="natural")
    patterns.scan(text).ids()
    return lambda: patterns.scan(corpus.fresh(text)).ids()


def _first_spans() -> Operation:
    patterns, text = _stored_set(), corpus.document(10_000, kind="natural")
    patterns.scan(text).first_spans()
    return lambda: patterns.scan(corpus.fresh(text)).first_spans()


def _check() -> Operation:
    gates = _gates()
    text = corpus.document(10_000, kind="natural")
    gates.check(text)
    return lambda: gates.check(corpus.fresh(text))


OPERATIONS: Mapping[str, tuple[Callable[[], Operation], int]] = {
    "re.search of a document, no match": (_search_without_match, 50_000),
    "re.search of a document, a match": (_search_with_match, 50_000),
    "Pattern.search of a plain text": (_search_in_plain_text, 50_000),
    "scan and ids, 2,500 patterns, 100 characters": (lambda: _scan(100), 200),
    "scan and ids, 2,500 patterns, 10,000 characters": (lambda: _scan(10_000), 10),
    "scan and first_spans, 2,500 patterns, 10,000 characters": (_first_spans, 10),
    "GateSet.check, module gdpr_uk, 10,000 characters": (_check, 10),
}
"""What is counted, made ready by a function, and how many times more the second process does it."""


def count(name: str, folder: Path) -> int:
    """Instructions that one operation takes; `folder` has what `_store_everything` put there.

    Raises:
        RuntimeError: callgrind counted nothing.
    """
    more = OPERATIONS[name][1]
    few, many = (_collected(name, times, folder) for times in (1, 1 + more))
    return (many - few) // more


def _collected(name: str, times: int, folder: Path) -> int:
    run = [sys.executable, "-W", "ignore", "-m", __spec__.name if __spec__ else __name__]
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *run]
    done = subprocess.run(
        [*command, "run", name, str(times), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or found is None:
        raise RuntimeError(f"callgrind did not count {name!r}: {done.stderr[-500:]}")
    return int(found[1])


def _count_all() -> dict[str, int]:
    if shutil.which("valgrind") is None:
        raise RuntimeError("valgrind is not installed: apt-get install valgrind")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _store_everything(folder)
        counts = {}
        for name in OPERATIONS:
            _collected(name, 1, folder)  # so that Python has compiled every module
            counts[name] = count(name, folder)
            print(f"{counts[name]:>14,}  {name}", flush=True)
    return counts


def records(path: Path = HISTORY) -> list[Record]:
    """What was recorded, oldest first."""
    if not path.exists():
        return []
    return [Record(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def slower(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """A line for each operation that takes more instructions than before, the worst first."""
    ratios = {name: now[name] / before[name] for name in now if before.get(name)}
    worse = sorted((ratio, name) for name, ratio in ratios.items() if ratio > 1 + NOISE)
    return [
        f"{name}: {before[name]:,} -> {now[name]:,} instructions ({100 * (ratio - 1):+.1f} %)"
        for ratio, name in reversed(worse)
    ]


def _commit() -> str:
    git = ["git", "-C", str(HISTORY.parents[1]), "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; 1 if something takes more instructions than before."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    compare = actions.add_parser("compare", help="count, and name what takes more than before")
    compare.add_argument("--against", metavar="COMMIT", help="default: the last that was recorded")
    record = actions.add_parser("record", help="count, and add a line to the history")
    record.add_argument("--commit", help="of what is installed; default: that of the folder")
    publish = actions.add_parser("publish", help="draw the history")
    publish.add_argument("--to", type=Path, default=Path("site/benchmarks"), metavar="FOLDER")
    run = actions.add_parser("run", help="one operation, for callgrind")
    run.add_argument("name", choices=OPERATIONS)
    run.add_argument("times", type=int)
    run.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)

    if options.action == "run":
        operation = OPERATIONS[options.name][0]()
        for _ in range(options.times):
            operation()
        return 0
    known = records()
    if options.action == "publish":
        page = options.to / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        series = {
            name: [(r.commit, r.date, r.counts[name]) for r in known if name in r.counts]
            for name in OPERATIONS
        }
        page.write_text(history_page.page(series), encoding="utf-8")
        print(page)
        return 0
    if options.action == "record":
        now = datetime.now(timezone.utc).isoformat(timespec="minutes")
        python = ".".join(map(str, sys.version_info[:3]))
        added = Record(options.commit or _commit(), now, python, _count_all())
        HISTORY.parent.mkdir(exist_ok=True)
        with HISTORY.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(added)) + "\n")
        return 0
    chosen = [r for r in known if options.against in (None, r.commit)]
    if not chosen:
        parser.error(f"nothing was recorded for {options.against or 'any commit'}")
    before = chosen[-1]
    found = slower(before.counts, _count_all())
    print(f"\nAgainst {before.commit} of {before.date}, Python {before.python}:")
    print("\n".join(found) or "nothing takes more instructions")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
