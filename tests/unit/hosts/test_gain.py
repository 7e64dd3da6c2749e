"""What does not gain is given back to `re`; what does is found, whoever made the text."""

from __future__ import annotations

import os
import random
import re
import typing
from types import ModuleType

import pytest

import gatecore
from tests.support.process import run_python


@pytest.fixture(autouse=True)
def short_documents() -> None:
    """What other tests of hosts switch off is what these are about."""


WORDS = ["risk", "fee", "loan", "bond", "rent", "debt", "cash", "fund", "levy", "cost"]
SOURCE = """
    import re
    RULES = [re.compile(rf"\\b{one}\\s+{two}s?\\b", re.I) for one in WORDS for two in WORDS]
    NUMBER = re.compile(r"\\d+")

    def by_line(text):
        return [[bool(rule.search(line)) for rule in RULES] for line in text.splitlines()]

    def by_word(text):
        return [bool(NUMBER.match(word)) for word in text.split()]

    def count(text):
        return len(NUMBER.findall(text))

    def made(text):
        rule = re.compile("ris" + text[:1])
        return [rule.search(word) is not None for word in text.split()], type(rule)
"""
PATTERNS = [(rf"\b{one}\s+{two}s?\b", 2) for one in WORDS for two in WORDS]


def new_module() -> ModuleType:
    module = ModuleType("gaining")
    vars(module)["WORDS"] = WORDS
    lines = SOURCE.split("\n")
    exec("\n".join(line[4:] for line in lines), vars(module))
    return module


def text_of(lines: int, seed: int = 1) -> str:
    source = random.Random(seed)
    return "\n".join(
        " ".join(source.choice([*WORDS, "the", "of", "12"]) for _ in range(15))
        for _ in range(lines)
    )


def test_lines_that_are_asked_many_patterns_are_scanned() -> None:
    plain, module, text = new_module(), new_module(), text_of(60)
    wanted = plain.by_line(text)
    assert sum(map(sum, wanted)) > 100
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False):
        gatecore.re.reset_stats()
        assert module.by_line(text) == wanted
        stats = gatecore.re.stats()
        assert stats.served > 0.8 * 60 * len(PATTERNS), stats
        assert [type(rule) for rule in module.RULES] != [type(rule) for rule in plain.RULES]


def test_a_pattern_that_is_asked_in_vain_is_given_back() -> None:
    plain, module, text = new_module(), new_module(), "a 12 b " * 400
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False) as handle:
        assert type(module.NUMBER) is not re.Pattern
        for _ in range(10):
            assert module.by_word(text) == plain.by_word(text)
            assert [bool(rule.search(text)) for rule in module.RULES] == [False] * len(PATTERNS)
        assert type(module.NUMBER) is re.Pattern
        left = [line for line in handle.explain().left if line.startswith("given back")]
        assert "given back to re: gaining.NUMBER: re answers for it" in left
        assert not any("RULES" in line for line in left)
    assert type(module.NUMBER) is re.Pattern


def test_a_host_that_gains_nothing_gets_its_names_back() -> None:
    module, text = new_module(), "a 12 b " * 400
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False) as handle:
        for _ in range(40):
            assert sum(module.re.match(r"\d+", word) is not None for word in text.split()) == 400
        assert module.re is re
        assert type(module.NUMBER) is re.Pattern
        assert [type(rule) for rule in module.RULES] == [re.Pattern] * len(PATTERNS)
        assert any("given back to re: " in line for line in handle.explain().left)


def test_a_function_whose_documents_are_asked_little_is_called_directly() -> None:
    module, text = new_module(), text_of(20)
    before = module.count
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False) as handle:
        assert module.count is not before
        found = [module.count(text) for _ in range(20)]
        assert found == [len(re.findall(r"\d+", text))] * 20
        assert module.count is before
        assert "gaining.count: its documents are asked too little" in "\n".join(
            handle.explain().left
        )


def test_short_texts_are_no_documents() -> None:
    module = new_module()
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False) as handle:
        assert module.count("12 and 13") == 2
        assert handle.stats().by_gate["gaining.count"].calls == 0


def test_what_is_made_at_run_time_and_in_no_set_is_a_pattern_of_re() -> None:
    plain, module, text = new_module(), new_module(), "k risk x"
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False):
        assert module.made(text) == plain.made(text) == ([False, True, False], re.Pattern)


def test_served_texts_answer_as_re_whatever_is_asked() -> None:
    """Every method and function, on lines, each asked often enough to be scanned."""
    module, source = new_module(), random.Random(7)
    names = ("search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn")

    def shown(found: typing.Any, line: str) -> typing.Any:
        if isinstance(found, re.Match):
            assert found.string is line
            return found.span(), found.groups()
        if hasattr(found, "__next__"):
            return [match.span() for match in found]
        return found

    with gatecore.accelerate(module, patterns=PATTERNS, keep=False):
        gatecore.re.reset_stats()
        for line in text_of(40, seed=3).splitlines():
            for rule in module.RULES:
                name = source.choice(names)
                arguments = ("<>", line) if name.startswith("sub") else (line,)
                real = re.compile(rule.pattern, re.I)
                got, wanted = getattr(rule, name)(*arguments), getattr(real, name)(*arguments)
                assert shown(got, line) == shown(wanted, line), (name, rule, line)
        assert gatecore.re.stats().served > 2_000


def test_a_function_that_gets_no_long_text_is_called_directly() -> None:
    module = new_module()
    before = module.count
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False) as handle:
        assert [module.count("12") for _ in range(100)] == [1] * 100
        assert module.count is before
        assert any("gaining.count: its texts are short" in line for line in handle.explain().left)


def test_texts_whose_questions_re_answers_at_once_are_scanned_rarely() -> None:
    """Each pattern matches: a scan rules nothing out, and its answers cost more than `re`'s."""
    module, text = new_module(), "a 12 b, " * 40
    sources = [rf"[a-z]\W+{one}?" for one in "cdefghijkl"]
    with gatecore.accelerate(module, patterns=[*sources, *PATTERNS], keep=False):
        ours = [gatecore.re.compile(source) for source in sources]
        gatecore.re.reset_stats()
        for number in range(200):
            line = f"{text}{number}"
            assert all(pattern.search(line) for pattern in ours)
        assert gatecore.re.stats().served < 200


def test_a_scan_outlives_what_is_asked_in_between() -> None:
    """What a match found is a text as well, and short."""
    plain, module, text = new_module(), new_module(), text_of(40)
    found = [other[:40] for other in text.splitlines()]

    def ask(rules: list[typing.Any], number: typing.Any) -> list[int]:
        return [
            (number.search(found[place % 40]) is not None) + sum(1 for _ in rule.finditer(text))
            for place, rule in enumerate(rules)
        ]

    wanted = ask(plain.RULES, plain.NUMBER)
    assert sum(wanted) > 50
    with gatecore.accelerate(module, patterns=[*PATTERNS, r"\d+"], keep=False):
        for _ in range(20):  # what `finditer` is spared counts as what `search` is
            assert ask(module.RULES, module.NUMBER) == wanted
        gatecore.re.reset_stats()
        for _ in range(3):
            assert ask(module.RULES, module.NUMBER) == wanted
        assert gatecore.re.stats().served > 250


def test_patterns_that_are_asked_at_places_are_given_back() -> None:
    """As lexers ask them: `re` says no at one place in less time than any automaton begins."""
    plain, module, text = new_module(), new_module(), "12 risk fee, 7 loans; " * 20
    source = """
    import re
    WORD, DIGITS = re.compile(r"[a-z]+").match, re.compile(r"\\d+")
    def tokens(text):
        place, found = 0, []
        while place < len(text):
            match = WORD(text, place) or DIGITS.match(text, place)
            found.append(match and match.group())
            place = match.end() if match else place + 1
        return found
    """
    for each in (plain, module):
        exec("\n".join(line[4:] for line in source.split("\n")), vars(each))
    wanted = plain.tokens(text)
    assert wanted.count("risk") == wanted.count("12") == 20
    with gatecore.accelerate(module, patterns=["[a-z]+", r"\d+"], keep=False):
        assert type(module.DIGITS) is not re.Pattern
        for number in range(20):
            assert module.tokens(text + str(number))[: len(wanted)] == wanted
        assert type(module.DIGITS) is re.Pattern
        assert type(module.WORD.__self__) is re.Pattern


def test_functions_that_others_call_are_called_directly_when_those_gain_nothing() -> None:
    module = new_module()
    exec("def outer(text):\n    return [count(text) for _ in range(5)]", vars(module))
    before, text = module.count, text_of(20)
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False):
        assert module.count is not before
        for number in range(6):
            assert module.outer(text + str(number)) == [len(re.findall(r"\d+", text + "1"))] * 5
        assert module.count is before


RECURSION = r"""
import re
import sys
import threading
import gatecore
from gatecore import re as ours

def deepest(pattern, text):
    depth = [0]
    def again(match):
        depth[0] += 1
        return pattern.sub(again, text)
    try:
        pattern.sub(again, text)
    except RecursionError:
        return depth[0]

def main():
    patterns = gatecore.PatternSet(["a"])
    text = gatecore.Document("banana", patterns)
    print(deepest(re.compile("a"), "banana") > 100, deepest(ours.compile("a"), text) > 100)
    once = [
        module.sub("a", lambda found: module.sub("a", "b", text), text) for module in (re, ours)
    ]
    print(once[0] == once[1] != text, gatecore.re.stats().served > 3)

threading.stack_size(1 << 20)
thread = threading.Thread(target=main)
thread.start()
thread.join()
"""


def test_replacements_that_replace_without_end_raise_as_with_re() -> None:
    """On the stack of a thread, which a thousand of our frames would overflow."""
    done = run_python(RECURSION)
    assert done.stdout.split() == ["True", "True", "True", "True"], done.stderr


def test_slots_that_refuse_keep_what_they_have() -> None:
    module = new_module()
    exec(
        """
class Frozen(type):
    def __setattr__(cls, name, value):
        raise AttributeError(name)

class Rules(metaclass=Frozen):
    __module__ = __name__
    rx = RULES[1]

class Once(dict):
    def __setitem__(self, name, value):
        raise KeyError(name)

TABLE = Once(a=RULES[0])
""",
        vars(module),
    )
    with gatecore.accelerate(module, patterns=PATTERNS, keep=False) as handle:
        assert type(module.Rules.rx) is re.Pattern
        left = [line for line in handle.explain().left if "cannot be set" in line]
        assert len(left) == 1, left
        assert "AttributeError" in left[0]
        assert module.TABLE["a"].search("risk risk")
    assert type(module.TABLE["a"]) is re.Pattern


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_while_others_are_called_leaves_no_lock() -> None:
    code = """
        import os, sys, threading
        from types import ModuleType
        import gatecore

        module = ModuleType("host")
        exec('import re\\ndef go(text): return len(re.findall(r"\\\\d+", text))', vars(module))
        handle = gatecore.accelerate(module, patterns=[r"\\d+"], keep=False)
        text = "a 12 b " * 50
        done = threading.Event()

        def work():
            while not done.is_set():
                handle.document(text), handle._kept_document(text + str(threading.get_ident()))

        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        for _ in range(40):
            child = os.fork()
            if child == 0:
                os._exit(0 if module.go(text) == 50 else 1)
            assert os.waitpid(child, 0)[1] == 0
        done.set()
        print("done")
    """
    done = run_python(code)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done
