"""Ctrl-C between any two steps: nothing is written twice, nobody waits for ever afterwards."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.process import run_python

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm")

_PROGRAM = """
import dataclasses, json, signal, sys, time
from gatecore.audit import AuditStore
from tests.support.audit_records import record

hits, armed = 0, False

def interrupt(number, frame):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt

def storm(seconds, step):
    global hits, armed
    hits, end = 0, time.monotonic() + seconds
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    while time.monotonic() < end:
        try:
            armed = True
            while time.monotonic() < end:
                step()
        except KeyboardInterrupt:
            hits += 1
    armed = False
    signal.setitimer(signal.ITIMER_REAL, 0)
    return hits

def add():
    global given
    given += 1
    store.add(dataclasses.replace(base, document=given.to_bytes(32, "big")))

def ask():
    global asked
    asked += 1
    store.stats(asked / 1e3)
    store.recent(3, before=(base.at + asked, 0))

signal.signal(signal.SIGALRM, interrupt)
store, base, given, asked = AuditStore(sys.argv[1], durability="normal"), record("b"), 0, 0
found = {"interrupted adding": storm(2.0, add)}
store.flush(60)
entries = store.stats().validations
with store._pool.connection() as connection:
    distinct = connection.execute("SELECT count(DISTINCT document) FROM validation").get
found |= {"given": given, "entries": entries, "distinct": distinct}
found["interrupted asking"] = storm(2.0, ask)
found["asked afterwards"] = store.stats().validations
found["pending"], found["sound"] = store.counters.pending, store.verify().is_sound
store.close()
print(json.dumps(found))
"""


def test_a_storm_of_interrupts_leaves_a_store_that_works(tmp_path: Path) -> None:
    ran = run_python(_PROGRAM, str(tmp_path / "audit.db"), seconds=120)
    found = json.loads(ran.stdout)
    assert min(found["interrupted adding"], found["interrupted asking"]) > 20
    assert found["entries"] == found["distinct"] == found["asked afterwards"]
    # Each interrupt may have kept one document out, never more.
    assert found["entries"] >= found["given"] - found["interrupted adding"]
    assert (found["pending"], found["sound"]) == (0, True)
