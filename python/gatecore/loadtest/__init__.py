"""Load: what a target does under it, with latencies that nobody's waiting hides.

    arrivals      when requests are due, and the process that says so when they are
    plans         what is asked of a target: stages of users or of requests a second
    mix           which documents are sent, and how many of them were sent before
    memory        what a process takes, and how a figure moves over time
    result        LoadResult and its parts
    recording     what happened, into histograms
    connections   a client for HTTP that costs little;  http: a service as a target
    targets       what can be put under load, and how
    threads       sending to what blocks;  loops: sending to what is awaited
    running       load: one run of a plan
    expecting     what must hold of a result
    charts        lines over an axis;  page: a result as one HTML page

A file uses only those above it.
"""

from __future__ import annotations

from gatecore.lazy import lazy_names

TYPE_CHECKING = False  # as in `gatecore`: `typing` would cost 5 ms
if TYPE_CHECKING:
    from gatecore.loadtest.expecting import Expectation
    from gatecore.loadtest.http import HTTPTarget
    from gatecore.loadtest.mix import DocumentMix
    from gatecore.loadtest.page import render_load
    from gatecore.loadtest.plans import LoadPlan, Stage, constant, spike, steps
    from gatecore.loadtest.result import Latencies, LoadResult, Memory, Window
    from gatecore.loadtest.running import load

__all__ = [
    "DocumentMix",
    "Expectation",
    "HTTPTarget",
    "Latencies",
    "LoadPlan",
    "LoadResult",
    "Memory",
    "Stage",
    "Window",
    "constant",
    "load",
    "render_load",
    "spike",
    "steps",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "expecting": "Expectation",
        "http": "HTTPTarget",
        "mix": "DocumentMix",
        "page": "render_load",
        "plans": "LoadPlan Stage constant spike steps",
        "result": "Latencies LoadResult Memory Window",
        "running": "load",
    },
)
