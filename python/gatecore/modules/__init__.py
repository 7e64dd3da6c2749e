"""The gates that gatecore ships: one folder per module, one file per gate.

>>> names()
('fca_uk', 'gdpr_uk')
>>> [len(load(name).gates) for name in names()]
[25, 15]
"""

from __future__ import annotations

from gatecore.gates.files.shipped import load, names
from gatecore.gates.spec import Module

__all__ = ["Module", "load", "names"]
