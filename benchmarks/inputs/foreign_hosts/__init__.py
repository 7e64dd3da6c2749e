"""Packages that nobody here wrote, each with a small adapter: how it is made, called and compared.

They are installed from `requirements/foreign.txt` into an environment of their own and imported
only when an adapter is used. `benchmarks.figures.foreign_hosts` runs them.
"""

from __future__ import annotations

from typing import Final

from benchmarks.inputs.foreign_hosts import cleaning, markup, persons, prose, syntax
from benchmarks.inputs.foreign_hosts.host import ForeignHost

__all__ = ["FOREIGN_HOSTS", "ForeignHost"]

FOREIGN_HOSTS: Final[dict[str, ForeignHost]] = {
    host.name: host for kind in (cleaning, prose, markup, syntax, persons) for host in kind.HOSTS
}
