"""The real host, where `LOKI_HOME` says that it is: engines, documents, and reports compared.

    LOKI_HOME=/path/to/loki python -m tests.host.real_loki [--documents 2000]

Prints what differs between the untouched and the accelerated host and ends with 1 if anything does.
The old reports are made first, by the same engine in the same process: two gates join a set into
text, and sets of texts have another order in each process.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final

from benchmarks.inputs.real_host import ENGINES, engine, host_documents
from tests.host.copies import gates_of

__all__ = ["differences", "generated", "main"]

_LONGEST: Final = 12_000

ODD: Final = (
    *("", " ", "\n\n", ".", "\x00", "£", "İnvoice İİİ VAT number GB123456789"),
    *("ſhall not be liable", "INVOICE ²½ ١٢٣ total £1,000"),
    "risk\u00a0free \x1c guaranteed\x85returns\u2028no risk",
    "e\u0301 employee may not be accompanied",
    "never. always. never. always." * 20,
    "invoice " + "1" * 200,
    "\ud800 lone surrogate invoice",
    "\U0001f600 invoice \U00010428 client",
    "a" * 500,
    " " * 60,
    "must not. must . cannot. can do. is not. is a. impossible. possible." * 15,
)


_DIGITS: Final = "9" * 4_400
#: Numbers that Python refuses to read, for the gates that read them. The old host takes minutes for
#: such a text with all its gates, so each is asked of one gate only.
TOO_LONG: Final = {
    "nda_uk.duration_reasonableness": f"Confidential information, NDA. Kept for {_DIGITS} years.",
    "uk_employment.employment_contracts": f"Employee contract, probation of {_DIGITS} months.",
    "uk_employment.redundancy_procedures": f"Redundancy: {_DIGITS} employees at risk.",
}


def generated(count: int, *, seed: int = 1) -> Iterator[str]:
    """Documents made of the host's: slices, sentences shuffled, cases and characters changed."""
    chosen = random.Random(seed)
    documents = [text[:_LONGEST] for text in host_documents()]
    sentences = [part for text in documents for part in text.split(".")]
    yield from ODD
    yield from documents
    kinds = (_slice, _shuffled, _changed, _on_one_line, _cased)
    for number in range(max(0, count - len(ODD) - len(documents))):
        yield kinds[number % len(kinds)](chosen, documents, sentences)


def _slice(chosen: random.Random, documents: list[str], _: list[str]) -> str:
    text = chosen.choice(documents)
    begin = chosen.randrange(len(text))
    return text[begin : begin + chosen.randrange(20, 3_000)]


def _shuffled(chosen: random.Random, _: list[str], sentences: list[str]) -> str:
    return ".".join(chosen.choice(sentences) for _ in range(chosen.randrange(1, 40)))


def _changed(chosen: random.Random, documents: list[str], sentences: list[str]) -> str:
    letters = list(_slice(chosen, documents, sentences))
    odd = "\x00\n\t İſKé²½\u00a0\u2028£–“”•\ud800.,;:%0123456789" + chr(chosen.randrange(0x10FFFF))
    for _ in range(1 + len(letters) // 30):
        letters[chosen.randrange(len(letters))] = chosen.choice(odd)
    return "".join(letters)


def _on_one_line(chosen: random.Random, documents: list[str], sentences: list[str]) -> str:
    return " ".join(_slice(chosen, documents, sentences).split())


def _cased(chosen: random.Random, documents: list[str], sentences: list[str]) -> str:
    text = _slice(chosen, documents, sentences)
    return chosen.choice((text.upper(), text.lower(), text.title(), text.swapcase()))


def differences(old: Any, new: Any, *, ordered: bool = True, place: str = "") -> list[str]:
    """Where two reports differ, types and order of keys included; times are left out.

    `ordered=False` forgives the order of gates, which in the asynchronous engine is chance.
    """
    if type(old) is not type(new):
        return [f"{place}: {type(old).__name__} became {type(new).__name__}"]
    if isinstance(old, dict):
        names = ([k for k in one if k != "timestamp"] for one in (old, new))
        olds, news = names
        if not ordered and place.endswith("['gates']"):
            olds, news = sorted(olds), sorted(news)
        if olds != news:
            return [f"{place}: keys {olds!r} became {news!r}"]
        pairs = [(f"{place}[{key!r}]", old[key], new[key]) for key in olds]
    elif isinstance(old, list | tuple):
        if len(old) != len(new):
            return [f"{place}: {len(old)} became {len(new)}"]
        pairs = [(f"{place}[{n}]", a, b) for n, (a, b) in enumerate(zip(old, new, strict=True))]
    else:
        return [] if old == new else [f"{place}: {old!r:.200} became {new!r:.200}"]
    return [
        line for where, a, b in pairs for line in differences(a, b, ordered=ordered, place=where)
    ]


def observed(made: Any, text: str) -> dict[str, Any]:
    """The report; for a text that the engine cannot hash, what each gate alone says as well."""
    report: dict[str, Any] = {"report": made.check_document(text, "contract", None)}
    if "error" in report["report"]:
        report["gates"] = {name: _checked(gate, text) for name, gate in gates_of(made).items()}
    return report


def numbers_too_long(made: Any) -> dict[str, Any]:
    """What gates say about numbers that Python refuses to read."""
    known = gates_of(made)
    return {name: _checked(known[name], text) for name, text in TOO_LONG.items() if name in known}


def _checked(gate: Any, text: str) -> Any:
    try:
        return gate.check(text, "contract")
    except Exception as error:
        return type(error), str(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares, and prints what was compared."""
    parser = argparse.ArgumentParser(prog="python -m tests.host.real_loki")
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=tuple(ENGINES), action="append")
    parser.add_argument("--replay", action="store_true", help="with replayed gates")
    options = parser.parse_args(arguments)
    import gatecore
    from gatecore import PatternStore

    found = 0
    for kind in options.engine or ENGINES:
        made = engine(kind)
        # The asynchronous engine starts pools of threads for each document: a part is enough.
        count = options.documents if kind == "sync" else options.documents // 5
        texts = list(generated(count, seed=options.seed))
        old = [observed(made, text) for text in texts]
        old_numbers = numbers_too_long(made)
        folder = os.environ.get("GATECORE_CACHE_DIR") or tempfile.mkdtemp()
        store = PatternStore(folder)
        with gatecore.accelerate(made, store=store, replay=options.replay) as handle:
            for number, (text, before) in enumerate(zip(texts, old, strict=True)):
                lines = differences(before, observed(made, text), ordered=kind == "sync")
                found += bool(lines)
                if lines:
                    print(f"{kind}: document {number} {text[:60]!r}: {lines[:3]}")
            if numbers_too_long(made) != old_numbers:
                found += 1
                print(f"{kind}: numbers of 4,400 digits: {numbers_too_long(made)}")
            stats = handle.stats()
            replay = handle.explain().replay.values()
        checks = len(texts) * len(gates_of(made))
        print(
            f"{kind}: {len(texts):,} documents, {checks:,} gate checks, {found} documents differ; "
            f"{stats.share:.3%} of {stats.served + stats.fell_through:,} calls served"
        )
        if options.replay:
            results, ran = sum(one.replayed for one in replay), sum(one.run for one in replay)
            print(f"{kind}: {results:,} results were replayed, for {ran:,} the gate's Python ran")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
