"""Benchmarks of gatecore, run by asv; `corpus` is shared with the tests.

`asv run --quick --environment existing:$(which python)` measures the installed wheel,
`python -m benchmarks.figures.ratios` prints the figures that commits and issues quote.

Names say what is measured: `cold` builds from nothing or scans for the first time, `warm` finds
something on disk, `floor` is the least that any implementation would have to do.
"""
