"""Figures side by side in one run, as tables: `python -m benchmarks.figures.ratios --quick`."""
