"""Damaged gate files: each either loads or is refused with a place, whatever was done to it.

    python -m tests.unit.gates.files.test_gate_file_mutations --count 100000 --seed 7

Half of the mutations change the tree of a good file (and write it anew), half its bytes.
"""

from __future__ import annotations

import argparse
import copy
import faulthandler
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gatecore import modules
from gatecore.errors import GateFileError
from gatecore.gates.files.gate_file import MODULE_FILE, SHARED_FILE, load_gate

DATA = Path(__file__).parents[3] / "data" / "gates"
FEATURES = DATA / "every_feature.yaml"
SHARED = (DATA / SHARED_FILE).read_bytes()
SHIPPED = sorted(
    path
    for folder in Path(modules.__file__).parent.iterdir()
    for path in folder.glob("*.yaml")
    if path.name not in (MODULE_FILE, SHARED_FILE)
)
COUNT: Final = 2_000
HANG_SECONDS: Final = 60

Tree = Any
_Step = tuple[Any, Any]  # a container, and a key or index into it

ODD_VALUES: Final[tuple[Tree, ...]] = (
    *(None, True, -1, 0, 1, 2, 3, 10**9, 10**30, int("9" * 4_000), 1.5, float("inf")),
    *("", " ", "any", "promise", "{", "{promise", "{{promise}}", "{promise.count}", "x" * 6_000),
    *("(", "(a", "[", "a{99999}{99999}", "[\\0-\\uffff]" * 5, "(" * 500 + ")" * 500, "a**"),
    *("\\", "(?P<amount>x)", "(?P<amount", "\\N{nothing}", "\x00", "\u2028", "İ"),
    *([], [[]], ["x", "x"], {}, {"any": "promise"}, {"shared": "money"}, {"keyword": "Ü"}),
    *({"near": {"of": "promise", "any": "fee"}}, {"of": ["x"]}, {"words": 3}, {1: 2}),
)
ODD_KEYS: Final = (
    *("any", "not", "near", "of", "count", "at_least", "compare", "in_first", "shared", "view"),
    *("", "Ü", 3, None, True, "x" * 300, "<<"),
)
ODD_BYTES: Final = (
    *(b"[", b"{", b"]", b"}", b"&a ", b"*a", b"\t", b"\x00", b"\xef\xbb\xbf", b"\r", b"\xff"),
    *(b"- ", b": ", b"'", b'"', b"|", b">", b"#", b"!!int ", b"!x ", b"<<: ", b"? ", b"---\n"),
    *(b"...\n", b"%YAML 9.9\n", b"\xe2\x80\xa8", b'"\\ud800"', b'"\\UFFFFFFFF"', b"{" * 60),
    *(b"[" * 900, b"9" * 5_000, b"\\" * 9, b"\xed\xa0\x80", b"&a [*a, *a]\n"),
)


def _steps(tree: Tree) -> Iterator[_Step]:
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _steps(tree[key])


def _drop(dice: random.Random, at: _Step, other: _Step) -> None:
    del at[0][at[1]]


def _replace(dice: random.Random, at: _Step, other: _Step) -> None:
    at[0][at[1]] = copy.deepcopy(dice.choice(ODD_VALUES))


def _double(dice: random.Random, at: _Step, other: _Step) -> None:
    where, key = at
    if isinstance(where, list):
        where.insert(key, copy.deepcopy(where[key]))
    else:
        where[dice.choice(ODD_KEYS)] = copy.deepcopy(where[key])


def _rename(dice: random.Random, at: _Step, other: _Step) -> None:
    where, key = at
    if isinstance(where, dict):
        where[dice.choice(ODD_KEYS)] = where.pop(key)
    else:
        where[key] = {dice.choice(ODD_KEYS): where[key]}


def _swap(dice: random.Random, at: _Step, other: _Step) -> None:
    mine, theirs = copy.deepcopy(at[0][at[1]]), copy.deepcopy(other[0][other[1]])
    other[0][other[1]] = mine
    at[0][at[1]] = theirs


def _copy_here(dice: random.Random, at: _Step, other: _Step) -> None:
    at[0][at[1]] = copy.deepcopy(other[0][other[1]])


def _wrap(dice: random.Random, at: _Step, other: _Step) -> None:
    value = at[0][at[1]]
    for _ in range(dice.choice((1, 1, 2, 20, 80))):
        value = dice.choice(([value], {"not": value}, {"every": [value]}))
    at[0][at[1]] = value


def _retype(dice: random.Random, at: _Step, other: _Step) -> None:
    value = at[0][at[1]]
    if isinstance(value, dict):
        value = dice.choice((list(value), list(value.values()), str(value)))
    elif isinstance(value, list):
        value = dice.choice(({str(n): item for n, item in enumerate(value)}, str(value)))
    else:
        value = dice.choice(([value], {"of": value}, str(value), f"{value}{value}"))
    at[0][at[1]] = value


TREE_MUTATIONS: Final[tuple[Callable[[random.Random, _Step, _Step], None], ...]] = (
    *(_drop, _replace, _double, _rename, _swap, _copy_here, _wrap, _retype),
)


def mutated_tree(dice: random.Random, data: bytes) -> bytes:
    """The file with one or two changes to its tree, written anew."""
    tree = yaml.load(data, Loader=_Loader)
    for _ in range(dice.choice((1, 1, 2))):
        steps = list(_steps(tree))
        if steps:
            dice.choice(TREE_MUTATIONS)(dice, dice.choice(steps), dice.choice(steps))
    text: str = yaml.dump(tree, allow_unicode=True, sort_keys=False, Dumper=_Dumper)
    return text.encode("utf-8")


# The ones in C, where there are: writing and reading again is most of the time.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BaseDumper):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:
        return True


def mutated_bytes(dice: random.Random, data: bytes) -> bytes:
    """The file with one to three changes to its bytes."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        offset = dice.randrange(len(changed) + 1)
        match dice.randrange(6):
            case 0:
                changed[offset : offset + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[offset:]
            case 2:
                del changed[offset : offset + dice.choice((1, 2, 10, 100))]
            case 3:
                length = dice.choice((5, 50, 500))
                changed[offset:offset] = changed[offset : offset + length]
            case 4 if dice.randrange(8) == 0:
                changed = changed.replace(b"\n", b"\r\n")
            case _:
                changed[offset:offset] = dice.choice(ODD_BYTES)
    return bytes(changed)


def _outcome(path: Path) -> str:
    try:
        load_gate(path, module="gates")
    except GateFileError as error:
        refusal = error
    else:
        return "loaded"
    assert Path(refusal.path).parent == path.parent
    assert refusal.line >= 1
    assert refusal.column >= 1
    assert refusal.detail
    assert refusal.advice
    assert len(str(refusal).encode("utf-8")) < 5_000
    return "refused"


def run(count: int, seed: int, folder: Path) -> Counter[str]:
    """Loads `count` mutations; raises at the first that neither loads nor is refused properly."""
    dice = random.Random(seed)
    originals = [(path.name, path.read_bytes()) for path in SHIPPED]
    features = (FEATURES.name, FEATURES.read_bytes())
    (folder / SHARED_FILE).write_bytes(SHARED)
    seen: Counter[str] = Counter()
    for number in range(count):
        # The small file with every feature is the more telling one.
        name, data = features if dice.random() < 0.6 else dice.choice(originals)
        mutate = dice.choice((mutated_tree, mutated_bytes))
        shared = dice.random() < 0.1
        if shared:
            name, data = features
            (folder / SHARED_FILE).write_bytes(mutate(dice, SHARED))
        else:
            data = mutate(dice, data)
        path = folder / name
        path.write_bytes(data)
        try:
            outcome = _outcome(path)
        except Exception as error:
            raise AssertionError(f"mutation {number} of seed {seed}: {path}") from error
        seen[f"{mutate.__name__} {outcome}"] += 1
        if shared:
            seen[f"shared {outcome}"] += 1
            (folder / SHARED_FILE).write_bytes(SHARED)
    return seen


@pytest.fixture
def no_hang() -> Iterator[None]:
    """Ends the process with a trace of where it hangs: nothing inside `re` can be interrupted."""
    faulthandler.dump_traceback_later(10 * HANG_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.mark.usefixtures("no_hang")
def test_a_damaged_file_loads_or_is_refused_with_its_place(tmp_path: Path) -> None:
    seen = run(COUNT, 20_250, tmp_path)
    for mutate in (mutated_tree, mutated_bytes):
        assert seen[f"{mutate.__name__} loaded"] > 50, seen
        assert seen[f"{mutate.__name__} refused"] > 400, seen
    assert seen["shared loaded"] > 5, seen
    assert seen["shared refused"] > 50, seen


def main() -> None:
    """Runs as many mutations as asked for."""
    import tempfile

    parser = argparse.ArgumentParser(description="load damaged gate files")
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gates-"))
    print(dict(run(args.count, args.seed, folder)))


if __name__ == "__main__":
    main()
