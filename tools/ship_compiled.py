"""Puts what the shipped gates compile to into a built wheel, in place.

usage: python tools/ship_compiled.py dist/gatecore-….whl

The wheel's own code compiles, so that nothing but the wheel is needed; what is kept and why is in
`gatecore.patterns.shipped`. Everything else in the wheel stays byte for byte, and RECORD gets a
line for each file. Takes a minute of CPU.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = "gatecore/modules/_compiled/"
YEAR_0 = (1980, 1, 1, 0, 0, 0)  # so that the same sources give the same wheel


def main(wheel: Path) -> None:
    """Compiles with the wheel, then writes it anew with the files."""
    with tempfile.TemporaryDirectory() as place:
        unpacked, made = Path(place, "wheel"), Path(place, "made")
        with zipfile.ZipFile(wheel) as old:
            old.extractall(unpacked)
        paths = [str(unpacked)]
        if subprocess.run([sys.executable, "-c", "import yaml"], capture_output=True).returncode:
            libraries = str(Path(place, "libraries"))
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", libraries]
            subprocess.run([*pip, "pyyaml"], check=True)
            paths.append(libraries)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        module = "gatecore.modules.compiling"
        command = [sys.executable, "-P"] if sys.version_info >= (3, 11) else [sys.executable]
        subprocess.run([*command, "-m", module, str(made)], check=True, env=environment, cwd=place)
        files = {FOLDER + path.name: path.read_bytes() for path in sorted(made.iterdir())}
    rewrite(wheel, files)


def rewrite(wheel: Path, files: dict[str, bytes]) -> None:
    """Puts files into the folder of a wheel, in place of all that it had, with lines in RECORD."""
    fresh = wheel.with_name(f".{wheel.name}.new")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
        (record,) = (name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        lines = old.read(record).decode().splitlines()
        lines = [line for line in lines if not line.startswith(FOLDER)]
        for entry in old.infolist():
            if not entry.filename.startswith(FOLDER) and entry.filename != record:
                new.writestr(entry, old.read(entry))
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, YEAR_0)
            entry.external_attr = 0o100644 << 16
            new.writestr(entry, content, zipfile.ZIP_STORED)  # compressed already
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            lines.insert(-1, f"{name},sha256={digest.decode()},{len(content)}")
        new.writestr(old.getinfo(record), "\n".join(lines) + "\n")  # its own line stays the last
    fresh.replace(wheel)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
