"""The host's own tests, untouched and accelerated: the same outcome test by test.

    LOKI_HOME=/path/to/loki python -m tests.host.own_tests FOLDER

Copies of the host are made in FOLDER, as its tests write files. Takes about 7 minutes twice.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.inputs.real_host import home

__all__ = ["main", "outcomes"]

ROOT = Path(__file__).parents[2]


def outcomes(output: str) -> dict[str, str]:
    """Each test's outcome, from pytest's own summary."""
    lines = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (\S+)", output, re.MULTILINE)
    return {name: outcome for outcome, name in lines}


def _run(folder: Path, *, accelerated: bool) -> dict[str, str]:
    copy = folder / ("accelerated" if accelerated else "untouched")
    shutil.copytree(home(), copy, dirs_exist_ok=True)
    plugin = ["-p", "tests.host.accelerating_plugin"] if accelerated else []
    paths = [str(ROOT), str(ROOT / "python"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:randomly", *plugin],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    return outcomes(done.stdout)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs both and prints what differs."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    old, new = (_run(Path(folder), accelerated=accelerated) for accelerated in (False, True))
    different = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    for name in sorted(different):
        print(f"{name}: {old.get(name)} became {new.get(name)}")
    print(f"{len(old)} tests, {len(different)} with another outcome")
    return 1 if different or not old else 0


if __name__ == "__main__":
    raise SystemExit(main())
