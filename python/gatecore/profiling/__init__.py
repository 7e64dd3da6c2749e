"""Where the time goes: gate by gate, before and after, and of any function.

    profiles        profile: gates that are data, Python gates, accelerated hosts
    comparison      compare: two of them in turn, with confidence
    benchmark       PerformanceBenchmark: one call, many times
    measured        @measure_performance: each call of a function, logged
    gate_sets · python_gates     how each kind is measured
    asking · re_calls · re_shares  Python gates, and what they ask of re
    model · statistics · machine  what is told, how sure it is, and on what it was measured

Knows gates, and hosts by protocol only.
"""

from __future__ import annotations

from gatecore.gates.counters import (
    Counters,
    Detail,
    GateCounters,
    GateDetail,
    Parts,
    PatternDetail,
    Quantiles,
    Times,
)
from gatecore.profiling.benchmark import PerformanceBenchmark
from gatecore.profiling.comparison import Comparison, Row, compare
from gatecore.profiling.measured import measure_performance
from gatecore.profiling.model import GateProfile, PatternProfile, Profile
from gatecore.profiling.profiles import profile
from gatecore.profiling.statistics import Interval

__all__ = [
    "Comparison",
    "Counters",
    "Detail",
    "GateCounters",
    "GateDetail",
    "GateProfile",
    "Interval",
    "Parts",
    "PatternDetail",
    "PatternProfile",
    "PerformanceBenchmark",
    "Profile",
    "Quantiles",
    "Row",
    "Times",
    "compare",
    "measure_performance",
    "profile",
]
