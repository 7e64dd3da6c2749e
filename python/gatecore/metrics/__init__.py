"""How an engine is doing: for Prometheus, for OpenTelemetry, for a load balancer, for logs.

    engine ──tells──▶ Metrics ◀──reads at scrape── collector ◀── asgi_app, wsgi_app ◀── Prometheus
       │                └─ watches: engine, caches, audit store, semantic client ──▶ Health
       └────tells──▶ Tracing ──▶ OpenTelemetry          ValidationLog, JsonFormatter ──▶ logs

    metrics      Metrics: what is counted, and whom it asks for the rest
    families     all of that as named numbers;  labels: words that may be one
    prometheus   the same for `prometheus-client`;  apps: to be mounted;  health: what is wrong
    tracing      spans;  logs: lines of JSON
    ready        the dashboard and the alerts that ship, which `gatecore metrics …` prints

Knows the engine and the caches by their methods only (`gatecore.protocols`).

>>> from gatecore import ComplianceEngine
>>> from gatecore.metrics import Metrics
>>> metrics = Metrics()
>>> engine = ComplianceEngine(["gdpr_uk"], observers=[metrics])
>>> metrics.watch_engine(engine)
>>> report = engine.validate_document("Invoice 17.")
>>> metrics.validations
1
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: `typing` would cost 5 ms
if TYPE_CHECKING:
    from gatecore.metrics.apps import asgi_app, wsgi_app
    from gatecore.metrics.health import Health, Problem
    from gatecore.metrics.logs import JsonFormatter, ValidationLog
    from gatecore.metrics.metrics import Metrics
    from gatecore.metrics.prometheus import collector
    from gatecore.metrics.ready import dashboard, rules
    from gatecore.metrics.tracing import Tracing

_HOMES = {
    "apps": "asgi_app wsgi_app",
    "health": "Health Problem",
    "logs": "JsonFormatter ValidationLog",
    "metrics": "Metrics",
    "prometheus": "collector",
    "ready": "dashboard rules",
    "tracing": "Tracing",
}

__all__ = [
    "Health",
    "JsonFormatter",
    "Metrics",
    "Problem",
    "Tracing",
    "ValidationLog",
    "asgi_app",
    "collector",
    "dashboard",
    "rules",
    "wsgi_app",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
