"""What `import gatecore` costs a fresh process, beside the interpreter itself."""

from __future__ import annotations


class Import:
    """Each call is a process of its own; the floor is one that does nothing."""

    number = 1
    repeat = 15

    def timeraw_import_cold(self) -> str:
        """Inside the process: only the import statement."""
        return "import gatecore"

    def timeraw_import_pattern_set_cold(self) -> str:
        """Public names are loaded when first used, so the bare import does not tell all."""
        return "from gatecore import PatternSet"

    def timeraw_floor_import_re(self) -> tuple[str, str]:
        """`re` is loaded already in most programs; gatecore cannot do without it."""
        return "import re", "import sys; sys.modules.pop('re', None)"


class Process:
    """The whole life of the process, which is what a command-line user waits for."""

    number = 1
    repeat = 15

    def time_import_cold(self) -> None:
        _run("import gatecore")

    def time_import_pattern_set_cold(self) -> None:
        _run("from gatecore import PatternSet")

    def time_floor_pass(self) -> None:
        _run("pass")


def _run(statement: str) -> None:
    import subprocess
    import sys

    subprocess.run([sys.executable, "-I", "-c", statement], check=True)
