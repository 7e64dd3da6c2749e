"""The mix: which documents are sent, and how many were sent before."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatecore.errors import LoadError
from gatecore.loadtest import DocumentMix


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 1.0), st.integers(1, 100))
def test_the_stated_share_was_sent_before(share: float, seed: int) -> None:
    """And no other: what is not to be repeated never was sent, so no cache can know it."""
    mix = DocumentMix(["one", "two"], repeated=share, seed=seed)
    sent = [mix.next() for _ in range(2_000)]
    assert (2_000 - len(set(sent))) / 2_000 == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_same_seed_sends_the_same(share: float) -> None:
    about = {"repeated": share, "seed": 4, "mark": "m"}
    first, second = (DocumentMix(["one", "two"], **about) for _ in range(2))  # type: ignore[arg-type]
    assert [first.next() for _ in range(500)] == [second.next() for _ in range(500)]


def test_no_mix_sends_what_another_has_sent() -> None:
    """A service would still have it in its cache."""
    first, second = (DocumentMix(["one"], seed=4) for _ in range(2))
    sent = {first.next() for _ in range(100)}
    assert sent.isdisjoint(second.next() for _ in range(100))


def test_documents_come_by_weight() -> None:
    mix = DocumentMix(["a", "b", "c"], weights=[7, 3, 0])
    counts = Counter(mix.next()[0] for _ in range(5_000))
    assert counts["a"] / 5_000 == pytest.approx(0.7, abs=0.03)
    assert counts["c"] == 0
    assert counts["a"] + counts["b"] == 5_000


def test_sizes_are_made_of_the_words() -> None:
    """Of shorter texts as of longer ones; only the line with the number is added."""
    mix = DocumentMix.of_sizes(["some words. "], [(5, 1), (1_000, 1)])
    texts = {mix.next().partition("\nRequest ")[0] for _ in range(50)}
    assert {len(text) for text in texts} == {5, 1_000}
    assert all(text.startswith("some ") for text in texts)
    assert mix.to_dict() == {"sizes": [5, 1_000], "shares": [0.5, 0.5], "repeated": 0.0}


def test_threads_share_a_mix() -> None:
    mix = DocumentMix(["text"])
    sent: list[str] = []

    def take() -> None:
        for _ in range(500):
            sent.append(mix.next())

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(sent)) == 2_000


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(LoadError, match="at least one"):
        DocumentMix([])
    with pytest.raises(LoadError, match="0 to 1"):
        DocumentMix(["a"], repeated=1.5)
    with pytest.raises(LoadError, match="2 weights for 1"):
        DocumentMix(["a"], weights=[1, 2])
    with pytest.raises(LoadError, match="not all 0"):
        DocumentMix(["a"], weights=[0])
    with pytest.raises(LoadError, match="there are none"):
        DocumentMix.of_sizes([""], [(10, 1)])
    with pytest.raises(LoadError, match="a document of 0"):
        DocumentMix.of_sizes(["a"], [(0, 1)])
