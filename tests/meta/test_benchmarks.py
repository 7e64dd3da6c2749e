"""asv can read the benchmarks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_benchmark_file_is_imported_without_the_tests() -> None:
    """Each file of the folder is imported by asv in a place where `tests` cannot be found."""
    paths = [path.relative_to(ROOT) for path in (ROOT / "benchmarks").rglob("*.py")]
    names = sorted(".".join(path.with_suffix("").parts) for path in paths)
    assert len(names) > 15
    program = "import sys; sys.modules['tests'] = None\n"
    program += "".join(f"import {name}\n" for name in names if not name.endswith("__init__"))
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
