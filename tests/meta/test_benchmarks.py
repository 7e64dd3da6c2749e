"""asv can read the benchmarks."""

from __future__ import annotations

from tests.support.data import ROOT
from tests.support.process import run_python


def test_every_benchmark_file_is_imported_without_the_tests() -> None:
    """Each file of the folder is imported by asv in a place where `tests` cannot be found."""
    paths = [path.relative_to(ROOT) for path in (ROOT / "benchmarks").rglob("*.py")]
    names = sorted(".".join(path.with_suffix("").parts) for path in paths)
    assert len(names) > 15
    program = "import sys; sys.modules['tests'] = None\n"
    program += "".join(f"import {name}\n" for name in names if not name.endswith("__init__"))
    ran = run_python(program, seconds=120)
    assert ran.returncode == 0, ran.stderr
