"""What a host's Python modules look for: patterns and keywords, read once and kept.

Reading 120 files takes about a second, so what was found is kept in the cache under a hash of their
text; a changed file is another hash. Patterns that `re` refuses are left out: reading source finds
texts that no call ever uses.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from gatecore.lowering.interpreter import IDENTITY
from gatecore.patterns.pattern import Pattern
from gatecore.patterns.store import PatternStore

__all__ = ["HostPatterns", "host_patterns"]

#: Changes when the same source is read in another way.
_READING: Final = 2


@dataclass(frozen=True)
class HostPatterns:
    """What was found.

    Attributes:
        patterns: Patterns, then keywords as the patterns that `re.escape` makes of them.
        keywords: How many of the patterns are keywords.
        unread: Places of calls whose pattern the source does not tell; learned when they are made.
        skipped: Modules whose source could not be read, with the reason.
        source: A hash of what the modules are made of; "" if not all of it can be read.
    """

    patterns: tuple[Pattern, ...]
    keywords: int
    unread: tuple[str, ...]
    skipped: tuple[str, ...]
    source: str = ""


def host_patterns(
    modules: Iterable[ModuleType], held: Iterable[Pattern], store: PatternStore | None
) -> HostPatterns:
    """What modules look for, and the pattern objects that are held, each once and in order."""
    texts: list[tuple[str, str]] = []
    skipped = []
    binary: list[bytes] = []
    is_known = True
    for module in sorted(modules, key=lambda module: module.__name__):
        path = getattr(module, "__file__", None)
        try:
            if path is None:
                raise OSError("it has no file")
            texts.append((module.__name__, Path(path).read_text("utf-8")))
        except (OSError, ValueError) as error:
            skipped.append(f"{module.__name__}: {error}")
            try:
                binary.append(_binary(module))
            except OSError:
                is_known = False
    known = list(dict.fromkeys(held))
    digest = hashlib.blake2b(f"{IDENTITY}, reading {_READING}".encode(), digest_size=16)
    for text in [*(part for pair in texts for part in pair), *map(repr, known)]:
        digest.update(f"\n{len(text)} ".encode() + text.encode("utf-8", "surrogatepass"))
    name = f"{digest.hexdigest()}.host.json"
    stored = None if store is None else store.kept(name)
    kept = None if stored is None else _kept(stored)
    if kept is None:
        kept = _read(texts, known)
        if store is not None:
            store.keep(name, _stored(kept))
    for content in binary:
        digest.update(f"\n{len(content)} ".encode() + content)
    source = digest.hexdigest() if is_known else ""
    skipped += kept.skipped
    return HostPatterns(kept.patterns, kept.keywords, kept.unread, tuple(skipped), source)


def _binary(module: ModuleType) -> bytes:
    """What a module without source is made of: a namespace package of nothing."""
    path = getattr(module, "__file__", None)
    if path is not None:
        return Path(path).read_bytes()
    if getattr(module, "__path__", None) is None:
        raise OSError("it has no file")
    return b""


def _read(texts: list[tuple[str, str]], held: list[Pattern]) -> HostPatterns:
    from gatecore.hosts.source_patterns import SourceFiles

    patterns: dict[tuple[str, int], Pattern] = {pattern.key: pattern for pattern in held}
    keywords: dict[str, None] = {}
    unread, skipped = [], []
    files = SourceFiles(dict(texts))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are the host's, and it sees them itself
        for name, _ in texts:
            try:
                found = files.patterns_in(name)
            except (SyntaxError, ValueError, RecursionError) as error:
                skipped.append(f"{name}: {error}")
                continue
            for one in found.patterns:
                pattern = Pattern(one.source, one.flags)
                patterns.setdefault(pattern.key, pattern)
            keywords.update(dict.fromkeys(found.keywords))
            unread += [str(place) for place in found.unread]
        good = [pattern for pattern in patterns.values() if _is_good(pattern)]
    # Longer ones are sentences, of which `str` looks for each as fast.
    escaped = [Pattern(re.escape(keyword)) for keyword in keywords if len(keyword) <= 256]
    added = [pattern for pattern in escaped if pattern.key not in patterns]
    return HostPatterns((*good, *added), len(keywords), tuple(unread), tuple(skipped))


def _is_good(pattern: Pattern) -> bool:
    try:
        re.compile(*pattern.key)
    except (re.error, ValueError, OverflowError, RecursionError):
        return False
    return True


def _kept(content: bytes) -> HostPatterns | None:
    try:
        stored = json.loads(content)
        patterns = tuple(Pattern(str(source), int(flags)) for source, flags in stored["patterns"])
        unread, skipped = (tuple(map(str, stored[name])) for name in ("unread", "skipped"))
        return HostPatterns(patterns, int(stored["keywords"]), unread, skipped)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _stored(found: HostPatterns) -> bytes:
    patterns = [[source, int(flags)] for source, flags in found.patterns]
    return json.dumps({**vars(found), "patterns": patterns}).encode("ascii")
