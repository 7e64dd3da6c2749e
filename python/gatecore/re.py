r"""The standard `re`, answered from the pass where the text is a `Document`.

`from gatecore import re` takes the place of `import re`: every name is here, and nothing changes
but the time. A call about a `gatecore.Document` and a pattern of its set is answered from the
document's one pass; every other call does exactly what the standard module does, and is counted.

>>> from gatecore import Document, PatternSet, re
>>> patterns = PatternSet([(r"no\s+risk", re.IGNORECASE)])
>>> document = Document("There is NO  RISK.", patterns)
>>> re.search(r"no\s+risk", document, re.IGNORECASE).span()
(9, 17)
>>> re.search(r"risk", document) is None
True
>>> document.stats().served, document.stats().fell_through
(1, 1)
"""

from __future__ import annotations

import re as _re
from re import *  # noqa: F403
from typing import TYPE_CHECKING, Any

from gatecore.patterns import stats as _stats

__all__ = [*_re.__all__]  # without `stats`, which might be a name of the importer's

if not TYPE_CHECKING:
    from gatecore._gatecore import (  # noqa: F401 - exported by `__all__`, which is `re`'s
        compile,  # noqa: A004
        findall,
        finditer,
        fullmatch,
        match,
        purge,
        reset_stats,
        search,
        split,
        sub,
        subn,
    )
else:
    from re import purge  # noqa: F401

    def reset_stats() -> None:
        """Sets the process's counters to zero."""


def stats() -> _stats.Stats:
    """What all calls of the process came to, by reason and by pattern.

    A pattern's own counts go when it is dropped from the cache of 10,000 patterns or by `purge`;
    the totals stay. `reset_stats` sets all to zero.

    >>> from gatecore import re
    >>> re.reset_stats()
    >>> re.search("risk", "no Document").__class__, re.stats().fell_through
    (<class 'NoneType'>, 1)
    """
    from gatecore._gatecore import stats as counted

    return _stats.Stats.of(counted())


def __getattr__(name: str) -> Any:
    try:
        return getattr(_re, name)
    except AttributeError:
        raise AttributeError(f"module 'gatecore.re' has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_re)})
