"""What `make bench-foreign` runs: hosts that are locked, texts that are the same in each run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.inputs.foreign_hosts import FOREIGN_HOSTS, ForeignHost

LOCK = Path(__file__).parents[2] / "requirements" / "foreign.txt"


@pytest.mark.parametrize("host", FOREIGN_HOSTS.values(), ids=lambda host: host.name)
def test_a_host_is_locked_and_reads_a_new_text_each_round(host: ForeignHost) -> None:
    assert f"\n{host.distribution.lower()}==" in LOCK.read_text("utf-8")
    texts = [host.texts(number) for number in range(3)]
    assert [host.texts(number) for number in range(3)] == texts
    assert len(set(texts)) == 3
    assert all(texts)
