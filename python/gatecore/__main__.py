"""`python -m gatecore`: the command line without the script."""

from __future__ import annotations

from gatecore.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
