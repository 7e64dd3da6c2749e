"""Validation of documents: gates as data and Python gates, judged together, in one report.

    engine         ComplianceEngine: who is asked, in which order, what comes out
    gates          what is judged: gates as data, Python gates, their names and order
    plans          what one selection of modules comes to, worked out once for each
    python_gates   asking Python gates, accelerated, each failing alone
    hands          threads that can be left behind, for what a deadline has to end
    answers        what a Python gate answered → GateResult
    plain          any Python value → frozen plain data, bounded
    semantics      what rules leave open → a semantic client, and back
    report         ValidationReport and its parts;  report_schema: its JSON Schema
    universal      the detectors' verdicts, grouped
    risk           from results to one word
    asynchronous   AsyncComplianceEngine;  many: batches of documents, by name
    workers        threads that work for event loops;  batches: a window of items side by side
    manifest       what a batch has finished, on disk
    cross          rules over the results
    registry       versions, tags, what is switched off, what is deprecated
    observing      telling observers of validations
    requests       one document that is asked about
    cache_keys     what an answer depends on;  cached_reports: reports as a cache keeps them
    options        EngineOptions

A file uses only those below it. Knows caches, observers and semantic clients by protocol only
(`gatecore.protocols`).
"""

from __future__ import annotations

from gatecore.engine.report_schema import schema

__all__ = ["schema"]
