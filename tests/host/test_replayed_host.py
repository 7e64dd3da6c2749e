"""A whole host with replayed gates answers as it does without: reports, raised errors, counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.host.accelerated import accelerate
from tests.host.copies import ENGINES, copied_host, differences, gates_of, observed
from tests.host.documents import documents


@pytest.mark.parametrize("kind", ENGINES)
def test_the_report_of_every_document_is_the_same(kind: str, tmp_path: Path) -> None:
    with copied_host(tmp_path) as one, copied_host(tmp_path) as other:
        old, new = one.engine(kind), other.engine(kind)
        with accelerate(new, keep=False, replay=True) as handle:
            for document_type in ("tenancy", "tenancy", "order", "tenancy"):
                for name, text in documents():
                    arguments = (text, document_type, None)
                    before = observed(old.check_document, *arguments)
                    after = observed(new.check_document, *arguments)
                    assert differences(before, after) == [], (name, document_type)
            counts = handle.explain().replay
            assert counts.keys() == gates_of(new).keys()
            assert sum(one.replayed for one in counts.values()) > 1_000
            reasons = [reason for one in counts.values() for reason in one.reasons]
            wrong = [why for why in reasons if "raised" in why or "failed" in why]
            assert wrong == []
            assert not any("in place of" in str(one.refused) for one in counts.values())
            calls = {label: row.calls for label, row in handle.stats().by_gate.items()}
            ran = {label: one.replayed + one.run for label, one in counts.items()}
            assert calls == ran


def test_every_gate_alone_says_the_same(tmp_path: Path) -> None:
    with copied_host(tmp_path) as one, copied_host(tmp_path) as other:
        old, new = gates_of(one.engine("sync")), gates_of(other.engine("sync"))
        with accelerate(list(new.values()), keep=False, replay=True) as handle:
            for _ in range(2):
                for name, text in documents():
                    for label, gate in new.items():
                        before = observed(old[label].check, text, "order")
                        after = observed(gate.check, text, "order")
                        assert differences(before, after) == [], (name, label)
            assert sum(one.replayed for one in handle.explain().replay.values()) > 1_000
            assert handle.stats().share > 0.9
