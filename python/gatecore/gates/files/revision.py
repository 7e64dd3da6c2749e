"""Gates as they are in a revision of the git repository around the current folder."""

from __future__ import annotations

import io
import subprocess
import zipfile

from gatecore.errors import GatecoreError

__all__ = ["at_revision"]


def at_revision(name: str) -> zipfile.Path:
    """The file or folder of `REVISION:PATH`, read from `git archive` without a checkout.

    Raises:
        GatecoreError: There is no git, revision or path.
    """
    revision, _, path = name.partition(":")
    path = path.strip("/").removeprefix("./") or "."
    if not revision or revision.startswith("-"):
        raise GatecoreError(f"'{name}' names no revision; write REVISION:PATH")
    try:
        made = subprocess.run(
            ["git", "archive", "--format=zip", "-0", revision, "--", path],
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise GatecoreError(f"'{name}' needs git, which cannot be run: {error}") from None
    if made.returncode:
        lines = made.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise GatecoreError(f"git has no '{name}': {lines[0].removeprefix('fatal: ')}")
    archive = zipfile.ZipFile(io.BytesIO(made.stdout))
    archive.filename = f"{revision}:"  # how errors name the files: main:/house/no_risk.yaml
    whole = zipfile.Path(archive)
    return whole if path == "." else whole.joinpath(path)
