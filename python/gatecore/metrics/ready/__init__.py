"""What ships for others' programs: a dashboard for Grafana, alerting rules for Prometheus."""

from __future__ import annotations

import json
from importlib import resources
from typing import Final

__all__ = ["dashboard", "rules"]

_HERE: Final = "gatecore.metrics.ready"


def dashboard() -> str:
    """The dashboard, as JSON to import into Grafana; it asks which Prometheus has the figures.

    >>> import json
    >>> from gatecore.metrics import dashboard
    >>> json.loads(dashboard())["title"]
    'gatecore'
    """
    from gatecore.metrics.ready.panels import made

    return json.dumps(made(), indent=2) + "\n"


def rules() -> str:
    """Recording and alerting rules, as YAML for `rule_files` of Prometheus, limits included.

    >>> from gatecore.metrics import rules
    >>> "alert: GatecoreGateSlow" in rules()
    True
    """
    return resources.files(_HERE).joinpath("rules.yaml").read_text("utf-8")
