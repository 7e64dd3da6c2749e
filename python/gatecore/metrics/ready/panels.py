"""The dashboard: what stands in which row, as a table from which Grafana's JSON is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["made"]

#: Which series: those of the job and the processes that are chosen above the panels.
_OF: Final = '{job=~"$job",instance=~"$instance"}'
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_HEIGHT: Final = 8
_IN_A_ROW: Final = 3
_WIDTH: Final = 24 // _IN_A_ROW


@dataclass(frozen=True, slots=True)
class _Panel:
    """A panel.

    Attributes:
        title: What it says.
        lines: Queries, each with what its lines are called.
        unit: Grafana's name for the unit.
        limit: The promise, drawn as a red line.
        kind: "timeseries", or "stat", one number.
        about: Shown when somebody points at the title.
    """

    title: str
    lines: Sequence[tuple[str, str]]
    unit: str = "short"
    limit: float | None = None
    kind: str = "timeseries"
    about: str = ""


def _rate(name: str, by: str, also: str = "") -> str:
    return f"sum by ({by}) (rate({name}{_OF[:-1]}{also}}}[$__rate_interval]))"


def _quantile(quantile: float) -> str:
    buckets = _rate("gatecore_validation_seconds_bucket", "le")
    return f"histogram_quantile({quantile}, {buckets})"


_MEAN_OF_GATES: Final = (
    f"topk(5, {_rate('gatecore_gate_seconds_total', 'module, gate')}"
    f" / ({_rate('gatecore_gate_verdicts_total', 'module, gate')} > 0))"
)
_FAILING: Final = _rate("gatecore_gate_verdicts_total", "module, gate", ',status="FAIL"')
_MEAN_OF_PASSES: Final = (
    f"{_rate('gatecore_pass_seconds_total', 'job')} / ({_rate('gatecore_passes_total', 'job')} > 0)"
)
_GATE: Final = "{{module}}/{{gate}}"

_ROWS: Final[Sequence[tuple[str, Sequence[_Panel]]]] = (
    (
        "Validations",
        (
            _Panel(
                "Validations a second",
                [(_rate("gatecore_validations_total", "cached"), "cached: {{cached}}")],
                "reqps",
            ),
            _Panel(
                "How long a caller waits",
                [(_quantile(q), name) for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))],
                "s",
                limit=2,
                about="Cached answers included. The promise is 2 seconds for an ordinary document.",
            ),
            _Panel(
                "Risks a second",
                [(_rate("gatecore_validations_total", "risk"), "{{risk}}")],
                "reqps",
            ),
            _Panel(
                "Without a report, a second",
                [(_rate("gatecore_validations_failed_total", "error"), "{{error}}")],
                "reqps",
                about="Refused, cancelled, failed.",
            ),
            _Panel(
                "Under way",
                [
                    (f"sum(gatecore_validations_in_flight{_OF})", "validations"),
                    (f"sum(gatecore_queued_documents{_OF})", "in the queue"),
                    (f"sum(gatecore_abandoned_threads{_OF})", "threads left behind"),
                ],
            ),
            _Panel(
                "Kinds of documents, a second",
                [(_rate("gatecore_documents_total", "document_type"), "{{document_type}}")],
                "reqps",
            ),
        ),
    ),
    (
        "Gates",
        (
            _Panel(
                "Slowest gates, a document",
                [(_MEAN_OF_GATES, _GATE)],
                "s",
                limit=0.2,
                about="Without its part in the shared pass. The promise is 200 ms.",
            ),
            _Panel(
                "Gates that take most time",
                [(f"topk(5, {_rate('gatecore_gate_seconds_total', 'module, gate')})", _GATE)],
                "s",
                about="Seconds a second: 1 is one processor.",
            ),
            _Panel(
                "Gates that fail most documents",
                [(f"topk(5, {_FAILING})", _GATE)],
                "reqps",
            ),
            _Panel(
                "Shared pass",
                [(_MEAN_OF_PASSES, "a document")],
                "s",
            ),
            _Panel(
                "Left to re, a second",
                [
                    (_rate("gatecore_asked_of_re_total", "job"), "questions of gates"),
                    (_rate("gatecore_re_calls_fallback_total", "reason"), "calls: {{reason}}"),
                ],
                "ops",
            ),
            _Panel(
                "Calls of Python code from the pass",
                [(_rate("gatecore_re_calls_served_total", "job"), "served")],
                "ops",
            ),
        ),
    ),
    (
        "Caches",
        (
            _Panel(
                "Hit rate",
                [('gatecore:cache_hit:ratio15m{job=~"$job"}', "{{cache}}")],
                "percentunit",
                limit=0.7,
                about="Of the last 15 minutes, by the recording rules. The promise is 70 %.",
            ),
            _Panel(
                "Room",
                [(f"sum by (cache, tier) (gatecore_cache_bytes{_OF})", "{{cache}} {{tier}}")],
                "bytes",
            ),
            _Panel(
                "Trouble, a second",
                [
                    (_rate(f"gatecore_cache_{word}_total", "cache, tier"), f"{word}: {{{{cache}}}}")
                    for word in ("evictions", "failures", "corrupt", "refused")
                ],
                "ops",
            ),
        ),
    ),
    (
        "Audit store and models",
        (
            _Panel(
                "A query of the audit store",
                [('gatecore:audit_query_seconds:mean5m{job=~"$job"}', "mean")],
                "s",
                limit=0.1,
            ),
            _Panel(
                "Waiting to be written",
                [(f"sum(gatecore_audit_queued{_OF})", "validations")],
            ),
            _Panel(
                "Connections used again",
                [('gatecore:audit_connection_reuse:ratio15m{job=~"$job"}', "reuse")],
                "percentunit",
                limit=0.8,
            ),
            _Panel(
                "Calls to a model, a validation",
                [('gatecore:semantic_calls:per_validation15m{job=~"$job"}', "calls")],
                limit=5,
            ),
            _Panel(
                "Tokens a second",
                [
                    (_rate(f"gatecore_semantic_{kind}_tokens_total", "job"), called)
                    for kind, called in (
                        ("fresh", "input, fresh"),
                        ("cache_read", "input, from the prompt cache"),
                        ("cache_write_5m", "input, kept for 5 minutes"),
                        ("cache_write_1h", "input, kept for an hour"),
                        ("output", "output"),
                    )
                ],
            ),
            _Panel(
                "Questions to a model, a second",
                [
                    (_rate(f"gatecore_semantic_{kind}_total", "job"), called)
                    for kind, called in (
                        ("asked_questions", "asked"),
                        ("cached_answers", "answered before"),
                        ("needs_review", "needs review"),
                    )
                ],
                "ops",
            ),
            _Panel(
                "Trouble with a model, a second",
                [
                    (_rate(f"gatecore_semantic_{kind}_total", "job"), called)
                    for kind, called in (
                        ("rate_limited", "429"),
                        ("failed", "failed, 429 included"),
                        ("limit_refused", "no room in the limits"),
                        ("budget_refused", "budget spent"),
                        ("breaker_refused", "service left alone"),
                        ("unheard_calls", "perhaps billed, no answer"),
                    )
                ],
                "ops",
            ),
            _Panel(
                "Money for a model, an hour",
                [
                    (
                        f"3600 * {_rate('gatecore_semantic_money_total', 'job')}",
                        "by the price table",
                    )
                ],
                about="In the currency of the prices in SemanticOptions.",
            ),
            _Panel(
                "What input costs with the prompt cache",
                [('gatecore:semantic_billed_input:ratio1h{job=~"$job"}', "of its price without")],
                "percentunit",
                limit=0.6,
            ),
        ),
    ),
    (
        "Processes",
        (
            _Panel(
                "Processors",
                [('gatecore:cpu:ratio5m{job=~"$job",instance=~"$instance"}', "{{instance}}")],
                "percentunit",
                limit=0.7,
            ),
            _Panel(
                "Memory",
                [('gatecore:memory:bytes{job=~"$job",instance=~"$instance"}', "{{instance}}")],
                "bytes",
                limit=500e6,
            ),
            _Panel(
                "Version",
                [(f"count by (version) (gatecore_build{_OF})", "{{version}}")],
                kind="stat",
            ),
        ),
    ),
)


def made() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    return {
        "title": "gatecore",
        "uid": "gatecore",
        "tags": ["gatecore"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": list(_choices())},
        "panels": list(_panels()),
    }


def _choices() -> Iterator[dict[str, Any]]:
    yield {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    for name, label, query in (
        ("job", "Job", "label_values(gatecore_build, job)"),
        ("instance", "Process", 'label_values(gatecore_build{job=~"$job"}, instance)'),
    ):
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": query, "refId": name},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "current": {"text": "All", "value": "$__all"},
        }


def _panels() -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for title, panels in _ROWS:
        number += 1
        place = {"h": 1, "w": 24, "x": 0, "y": y}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}
        y += 1
        for at, panel in enumerate(panels):
            number += 1
            x = at % _IN_A_ROW * _WIDTH
            below = y + at // _IN_A_ROW * _HEIGHT
            place = {"h": _HEIGHT, "w": _WIDTH, "x": x, "y": below}
            yield {"id": number, "gridPos": place, **_panel(panel)}
        y += -(-len(panels) // _IN_A_ROW) * _HEIGHT


def _panel(panel: _Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    custom: dict[str, Any] = {"fillOpacity": 10, "showPoints": "never"}
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
        custom["thresholdsStyle"] = {"mode": "line"}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": custom if panel.kind == "timeseries" else {},
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}}
        if panel.kind == "timeseries"
        else {"textMode": "name"},
        "targets": [
            {"refId": chr(65 + at), "expr": query, "legendFormat": legend, "datasource": _SOURCE}
            for at, (query, legend) in enumerate(panel.lines)
        ],
    }
