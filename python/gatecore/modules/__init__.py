"""The gates that gatecore ships: one folder per module, one file per gate.

Two are about a law each and are asked where none is named (`defaults`); `universal` concerns every
document: personal data, claims, bias, harm, contradictions.

>>> names()
('fca_uk', 'gdpr_uk', 'universal')
>>> [len(load(name).gates) for name in names()]
[25, 15, 13]
>>> defaults()
('fca_uk', 'gdpr_uk')
"""

from __future__ import annotations

from gatecore.gates.files.shipped import defaults, load, names
from gatecore.gates.spec import Module

__all__ = ["Module", "defaults", "load", "names"]
