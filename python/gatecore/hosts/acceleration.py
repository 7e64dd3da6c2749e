r"""`accelerate`: a host's own gates, unchanged, answered from one pass.

    gatecore.accelerate(engine)          one line; every answer stays what it was

What is looked for is read from the host's source and from what it holds, compiled together (or
loaded, see `PatternStore`), and the names under which the host knows `re` lead to `gatecore.re`.
Where documents come in, a `Document` is handed on in place of the text, so that all gates share its
pass. What the source does not tell is learned when it is asked for.

>>> import types
>>> rules = types.ModuleType("rules")
>>> exec(r'''import re
... def risky(text):
...     return bool(re.search(r"no\s+risk", text, re.I)) or "guaranteed" in text.lower()
... ''', vars(rules))
>>> handle = accelerate(rules, patterns=[(r"no\s+risk", 2), "guaranteed"], keep=False)
>>> letter = "To all who hold an account with us: this is what you should know. "
>>> [rules.risky(letter + end) for end in ("There is NO  RISK.", "It is GUARANTEED.", "Well.")]
[True, True, False]
>>> handle.stats().served, handle.stats().fell_through
(5, 0)
>>> handle.restore()
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from gatecore._gatecore import lend_scan, thread_counts, totals
from gatecore.errors import AccelerateError
from gatecore.hosts import gain, patching, registry
from gatecore.hosts.given_back import GivenBack
from gatecore.hosts.host import Entry, Host
from gatecore.hosts.identity_reading import HostIdentity
from gatecore.hosts.learning import HostLearning, Learn
from gatecore.hosts.patterns import HostPatterns, host_patterns
from gatecore.hosts.rebinding import held_patterns, patterns_in, rebind
from gatecore.hosts.replay.gates import NEW, RUN, Replays
from gatecore.hosts.stats import Counts, HostExplanation, HostStats
from gatecore.patterns.document import Document
from gatecore.patterns.pattern import PatternLike
from gatecore.patterns.set import Backend, PatternSet
from gatecore.patterns.store import PatternStore

if TYPE_CHECKING:
    from gatecore.audit import AuditStore
    from gatecore.semantic import SemanticClient

__all__ = ["Acceleration", "accelerate"]

#: Documents that came to single gates and are kept for the next gate: how many, how long in all.
_MOST_RECENT: Final = 4
_LONGEST_RECENT: Final = 4_000_000

#: When gates are added, this many new patterns are worth another compile; fewer are learned.
_WORTH_COMPILING: Final = 50


#: Every handle that is alive.
_HANDLES: Final[weakref.WeakSet[Acceleration]] = weakref.WeakSet()

#: Those of hosts all of whose functions were given back: nothing else keeps them, and with the
#: handle the names would go that still serve lines and slices, or lead to a store or a client.
_WITHOUT_DOORS: Final[set[Acceleration]] = set()


def _renew_locks() -> None:
    """A thread that held one at a fork is not there in the child to let it go."""
    for handle in list(_HANDLES):
        handle._lock = threading.RLock()
        if handle._replays is not None:
            handle._replays.renew_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)


def accelerate(
    target: Any,
    *,
    patterns: Iterable[PatternLike] = (),
    store: PatternStore | None = None,
    keep: bool = True,
    learn: Learn = "own",
    backend: Backend = "auto",
    replay: bool = False,
    audit_every: int = 0,
    audit: AuditStore | None = None,
    semantic: SemanticClient | None = None,
) -> Acceleration:
    r"""Speeds a host up in place; every answer stays the same.

    Args:
        target: An engine with `check_document` and `modules`, a module with `gates`, a gate with
            `check`, a list of these; a Python module that holds an engine, and perhaps a cache of
            its reports and an audit log; or any other Python module or a list of such.
        patterns: Patterns to add to those that are found, such as those of a host without source.
        store: Where compiled sets are kept; `PatternStore.default()` if not given.
        keep: Whether anything is read from and kept in a cache.
        learn: Which patterns that are made at run time are kept there for the next start, for 30
            days. "own": those whose every word stands in the host's source, once a second document
            asks for them; so nothing that comes from a document, such as a name, is written. "all"
            writes whatever is asked for, "none" nothing. Unless it is "none", what was given back
            to `re` as it does not gain is kept as well, and the next start begins with it.
        backend: Which pass to use.
        replay: Whether gates whose result depends on the document's answers alone are followed,
            and walked in the core (`gatecore.hosts.replay`). What cannot be followed runs as it
            does without. Learning takes a second or two of the first documents.
        audit_every: Each so manyth replayed result of a gate is compared with what its own Python
            gives, which raises `ReplayError` if they differ; 0 for none.
        audit: An audit store that a server's audit log writes to and asks instead of its own file,
            which then stays as it is. Answers from the cache are recorded too. The store is yours
            to close.
        semantic: A client that a server's own calls to a language model lead to, with the key that
            each is made with: limits, budgets, retries, redaction, accounts. It is yours to close.

    Returns:
        The handle. It may be dropped: the host keeps it. If the target is accelerated already, its
        handle.

    Raises:
        AccelerateError: The target is none of these, or `learn` is none of these words. Or `audit`
            is given, and the target has no audit log of which all methods are known, or it leads
            elsewhere already; likewise `semantic`, and nothing that calls a model.
        re.error: One of the given patterns is bad. Those that are found and bad are left out.

    The first time compiles, about 2 ms a pattern and up to 20 for long ones; after that a start
    takes some 70 ms for 3,500 patterns. Until the set is there nothing of the host is touched.
    What was learned by earlier processes is compiled by a thread, while the set without it is in
    use; so are, in memory only and unless `learn` is "none", 32 patterns or more that two
    documents of this process asked for, once `re` took long enough for them.

    >>> import types
    >>> rules = types.ModuleType("rules")  # yours is a module that you import
    >>> exec(r'''import re
    ... def risky(text):
    ...     return bool(re.search(r"no\s+risk", text))
    ... ''', vars(rules))
    >>> handle = accelerate(rules, patterns=[r"no\s+risk"], keep=False)
    >>> rules.risky("There is no  risk."), handle.stats().share
    (True, 1.0)
    >>> handle.restore()
    """
    if learn not in ("own", "all", "none"):
        raise AccelerateError(f"learn={learn!r}: expected 'own', 'all' or 'none'")
    host = registry.recognise(target, audit, semantic)
    for entry in host.entries:
        for known in _handles_of(entry):
            if known.host.shape == host.shape and _same(known.target, target):
                for name, asked, has in (
                    ("audit", audit, known.audit),
                    ("semantic", semantic, known.semantic),
                ):
                    if asked is not None and has is not asked:
                        raise AccelerateError(
                            f"{name}={asked!r}: {host.name} is accelerated already without it; "
                            "restore() it first"
                        )
                return known
    if store is None and keep:
        store = PatternStore.default()
    replays = Replays(audit_every) if replay else None
    given = list(patterns)
    store = store if keep else None
    return Acceleration(target, host, given, store, backend, learn, replays, audit, semantic)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one is other


def _handles_of(entry: Entry) -> list[Acceleration]:
    taken = getattr(vars(entry.owner).get(entry.name), "gatecore_taken", None)
    return list(taken.users) if taken is not None else []


class Acceleration:
    """The handle of an accelerated host. Use as a context manager to restore the host at the end.

    Attributes:
        target: What was accelerated.
        host: What was found out about it.
        patterns: The compiled set.
        audit: The store that the host's audit log leads to; `None` if it is the host's own.
        semantic: The client that its calls to a language model lead to; `None` likewise.

    >>> import types
    >>> rules = types.ModuleType("rules")
    >>> exec("def risky(text): return 'no risk' in text", vars(rules))
    >>> with accelerate(rules, patterns=["no risk"], keep=False) as handle:
    ...     rules.risky("There is no risk. " * 5), handle.stats().served
    (True, 1)
    """

    def __init__(
        self,
        target: Any,
        host: Host,
        patterns: list[PatternLike],
        store: PatternStore | None,
        backend: Backend,
        learn: Learn,
        replays: Replays | None = None,
        audit: AuditStore | None = None,
        semantic: SemanticClient | None = None,
    ) -> None:
        self.target = target
        self.audit = audit
        self.semantic = semantic
        self.host = host
        self._given = patterns
        self._store = store
        self._replays = replays
        self._lock = threading.RLock()
        _HANDLES.add(self)
        self._local = threading.local()
        self._counts = Counts()
        self._recent: list[Document] = []
        self._last: tuple[str, Document] | None = None
        self._doors: list[patching.Taken] = []
        self._rebound: list[str] = []
        self._token = object()
        self._changed = object()
        self._beside: list[PatternSet] = []
        self._given_back = GivenBack()
        self._begun = totals()
        self._refused: list[str] = []
        self._trials: dict[str, gain.Trial] = {}
        self._short: dict[str, int] = {}
        self._served = gain.Served(_review_of(weakref.ref(self)))
        self._learning = HostLearning(
            host.modules,
            store=store,
            backend=backend,
            learn=learn,
            use=self._use,
            use_beside=self._use_beside,
        )
        self._identity = HostIdentity()
        with self._lock:  # which the thread that compiles needs to put its set in place of this one
            self._identity.read(host.modules)
            self.found = self._look(host)
            self.patterns = self._compiled(host)
        self._take(host)
        for end in (
            weakref.finalize(self, patching.give_back, self._token),
            weakref.finalize(self, patching.give_back, self._changed),
            weakref.finalize(self, self._served.stop),
        ):
            end.atexit = False
        weakref.finalize(self, _keep_given_back, self._given_back, weakref.ref(self))

    # What is looked for.

    def _look(self, host: Host) -> HostPatterns:
        if self._identity.beyond:
            return HostPatterns((), 0, (), ())
        return host_patterns(
            host.modules, held_patterns([*host.modules, *host.holders]), self._store
        )

    def _compiled(self, host: Host) -> PatternSet:
        made = self._learning.make([*self.found.patterns, *self._given])
        self._given_back.open(
            self._store if self._learning.key else None,
            self._learning.key,
            source=self.found.source,
            functions=[entry.label for entry in host.entries],
            patterns=self.found.patterns,
        )
        return made

    def _use(self, patterns: PatternSet) -> None:
        with self._lock:
            self._learning.adopt(patterns)
            self.patterns = patterns
            self._served.use(patterns)

    def _use_beside(self, patterns: PatternSet) -> None:
        with self._lock:
            if self._served.is_serving:
                self._beside.append(patterns)
                self._served.add(patterns)

    def _take(self, host: Host) -> None:
        """Takes the host's names over; what goes wrong half way is undone.

        A host that could tell our objects from `re`'s by what no name mends keeps `re`'s own.
        """
        self._identity.read(host.modules)
        earlier = self._given_back.host
        if earlier is not None:
            self._given_back.earlier = [f"all names: {earlier}"]
        if earlier is not None or self._identity.beyond:
            with self._lock:
                self._give_back()
            self._rebound.clear()
            if self._is_asked_for:
                self._change(host)
            return
        try:
            self._served.use(self.patterns)
            owners = [*host.modules, *host.holders]
            asking, is_left = self._identity.asking, self._given_back.holds
            rebound = rebind(self._token, owners, asking, is_left=is_left)
            self._rebound += rebound.names
            self._refused = rebound.refused
            left = [f"{label}: re answers for it" for label in rebound.left]
            self._change(host)
            for entry in host.entries:
                if (why := self._given_back.function(entry.label)) is not None:
                    left.append(f"{entry.label}: {why}")
                    self._counts.expect(entry.label)
                    continue
                taken = patching.enter(self, entry.owner, entry.name, _door(entry))
                taken.label = entry.label
                if taken not in self._doors:
                    self._doors.append(taken)
                self._counts.expect(entry.label)
                if self._replays is not None:
                    self._replays.add(entry, taken.new)
            self._given_back.earlier = left
            if host.entries and not self._doors:
                _WITHOUT_DOORS.add(self)
        except BaseException:
            self.restore()
            raise

    def _change(self, host: Host) -> None:
        for change in host.changes:
            patching.take(self._changed, change.owner, change.name, change.value)

    @property
    def _is_asked_for(self) -> bool:
        """Whether the host's log or calls lead elsewhere, which they do until `restore`.

        Whoever asked for it counts on it, whether patterns gain or not.
        """
        return self.audit is not None or self.semantic is not None

    def wait(self) -> None:
        """Waits until patterns that were learned before this start are compiled, if any are."""
        self._learning.wait()

    def refresh(self) -> None:
        """Looks at the host again: added gates are accelerated, their patterns compiled if many.

        Engines do this by themselves before each document; call it after other changes.
        """
        with self._lock:
            host = registry.recognise(self.target, self.audit, self.semantic)
            found = self._look(host)
            late = [p for p in found.patterns if self.patterns.core.index(*p.key) is None]
            if len(late) >= _WORTH_COMPILING:
                self.found = found
                self.patterns = self._compiled(host)
            self._take(host)
            self.host = host

    # Where documents come in.

    def document(self, text: str) -> Document:
        """The text as a document of the set; to be given to functions that are not entries."""
        return Document(text, self.patterns)

    @property
    def takes_documents(self) -> bool:
        """Whether the host is given documents in place of texts where they come in."""
        return bool(self._doors)

    def finish(self, document: Document) -> None:
        """Takes over what was counted on such a document, and learns from it, at its end."""
        with self._lock:
            self._finish(document)

    def _kept_document(self, text: str) -> Document:
        """The document of a text that came to a single gate: the next gate gets the same."""
        with self._lock:
            for document in self._recent:
                if document == text:
                    self._last = text, document
                    return document
            document = Document(text, self.patterns)
            lend_scan(text, document._core)
            self._recent.insert(0, document)
            self._last = text, document
            while len(self._recent) > 1 and (
                len(self._recent) > _MOST_RECENT or sum(map(len, self._recent)) > _LONGEST_RECENT
            ):
                self._finish(self._recent.pop())
            return document

    def last_document(self, text: str) -> Document:
        """The same, for gates that all get the same object one after the other."""
        last = self._last
        if last is not None and last[0] is text:
            return last[1]
        return self._kept_document(text)

    def _call(
        self,
        entry: Entry,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Any,
        known: Any = None,
    ) -> Any:
        """Calls a function of the host; `known` is what walking it in the core came to."""
        once = self.host.once
        depth: int = getattr(self._local, "depth", 0)
        if once is None or not entry.whole or depth:
            return self._call_now(entry, function, args, kwargs, known)
        call = partial(self._call_now, entry, function, args, kwargs, known)
        return once(function, args, kwargs, call)

    def _call_now(
        self,
        entry: Entry,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Any,
        known: Any,
    ) -> Any:
        local = self._local
        depth = getattr(local, "depth", 0)
        if not (entry.whole or entry.parameter) and not _has_document(args, kwargs):
            self._count_short(entry)
            return function(*args, **kwargs)
        if entry.whole and depth == 0 and self.host.has_changed():
            self.refresh()
        place = _place_of_text(entry, args, kwargs) if depth == 0 or entry.parameter else None
        document: Document | None = None
        text: str | None = None
        if place is not None:
            text = args[place] if isinstance(place, int) else kwargs[place]
            document = self.document(text) if entry.whole else self.last_document(text)
            if isinstance(place, int):
                args = (*args[:place], document, *args[place + 1 :])
            else:
                kwargs = {**kwargs, place: document}
        local.depth = depth + 1
        if entry.whole and depth == 0:
            local.ended = []
        before = thread_counts()
        try:
            if entry.whole:
                with self.host.whole_document():
                    found = function(*args, **kwargs)
            elif self._replays is not None:
                found = self._replays.call(entry, function, args, kwargs, known)
            else:
                found = function(*args, **kwargs)
            if document is not None and type(found) is Document:  # whoever called gave a `str`
                return text if found is document else str.__str__(found)
            return found
        finally:
            local.depth = depth
            ended: list[Any] = []
            if entry.whole and depth == 0:
                ended, local.ended = local.ended, None
            with self._lock:
                for label, start, end in ended:
                    self._counts.add(label, start, end, outermost=False)
                came_to = self._counts.add(
                    entry.label, before, thread_counts(), outermost=depth == 0
                )
                if document is not None and not (entry.whole or entry.parameter):
                    self._judge(entry, *came_to)
                if entry.whole and document is not None:
                    self._finish(document)

    def _call_gate(
        self,
        label: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Any,
        depth: int,
    ) -> Any:
        """Calls a gate that is not replayed, with what `_call` does for one: half its cost.

        Gates are called a hundred times a document; on short ones that is a tenth of all. Within a
        whole document, what they come to is counted at its end: a lock that a hundred threads take
        a hundred times each is a queue.
        """
        text = args[0]
        document: Document | None = None
        if type(text) is str:
            document = self.last_document(text)
            args = (document, *args[1:])
        local = self._local
        local.depth = depth + 1
        before = thread_counts()
        try:
            found = function(*args, **kwargs)
        finally:
            local.depth = depth
            ended = getattr(local, "ended", None)
            if ended is not None:
                ended.append((label, before, thread_counts()))
            else:
                with self._lock:
                    self._counts.add(label, before, thread_counts(), outermost=depth == 0)
        if document is not None and type(found) is Document:  # whoever called gave a `str`
            return text if found is document else str.__str__(found)
        return found

    # What does not gain.

    def _judge(self, entry: Entry, served: int, learned: int) -> None:
        """Closes a function's door if its documents are asked too little. The lock is held."""
        trial = self._trials.setdefault(entry.label, gain.Trial())
        if trial.is_lost(served, learned):
            lasting = trial.is_lasting
            self._close(entry, "its documents are asked too little", lasting=lasting)
            for taken in self._doors[:]:
                if taken.within > self._counts.calls(taken.label):
                    self._leave(taken, "those that call it gain nothing", lasting=lasting)

    def _count_short(self, entry: Entry) -> None:
        """Closes a function's door if it hardly ever gets a text that is worth a document."""
        calls = self._short[entry.label] = self._short.get(entry.label, 0) + 1
        if calls >= gain.MOST_SHORT and calls >= 9 * self._counts.calls(entry.label):
            with self._lock:
                self._close(entry, "its texts are short")

    def _close_within(self, entry: Entry) -> None:
        """Closes the door of a function that others call."""
        with self._lock:
            self._close(entry, "it is called within others")

    def _close(self, entry: Entry, why: str, *, lasting: bool = True) -> None:
        for taken in self._doors:
            if taken.owner is entry.owner and taken.name == entry.name:
                self._leave(taken, why, lasting=lasting)
                return

    def _leave(self, taken: patching.Taken, why: str, *, lasting: bool) -> None:
        patching.leave(self, taken)
        self._doors.remove(taken)
        if not self._doors:
            _WITHOUT_DOORS.add(self)
        self._given_back.add_function(taken.label, why, lasting=lasting)

    def _review(self) -> bool:
        """Gives back the patterns that are asked in vain, or everything; called by the core.

        Whether there were any.
        """
        with self._lock:
            if self._served.is_hopeless():
                lasting = self._learning.is_settled
                self._given_back.add_host("nine of ten calls are in vain", lasting=lasting)
                self._give_back()
                return True
            lost = [one for one in patching.taken_by(self._token) if not gain.gains(one.new)]
            for taken in lost:
                patching.let_go(self._token, taken)
            self._given_back.add_names((_label_of(one), patterns_in(one.old)) for one in lost)
            return bool(lost)

    def _keep_given_back(self) -> None:
        """Writes what was given back, for the next start, and whether the host gained all in all.

        The lock is held, or the process ends.
        """
        if gain.is_large(self._begun, totals()):
            self._given_back.add_gain()
        self._given_back.write()

    # What it came to.

    def _finish(self, document: Document) -> None:
        """Takes over what was counted on a document, and learns from it. The lock is held."""
        self._counts.add_patterns(document)
        self._learning.learn_from(document)

    def stats(self) -> HostStats:
        """What all calls through the accelerated functions came to so far."""
        with self._lock:
            labels = [entry.label for entry in self.host.entries if entry.counted]
            walked = self._replays.walked() if self._replays is not None else {}
            found = self._counts.stats(labels, self._recent, walked)
        host = self.host
        return replace(
            found,
            shared=host.once.shared if host.once is not None else 0,
            caches={label: counts() for label, counts in host.caches.items()},
        )

    def explain(self) -> HostExplanation:
        """What was done to the host, and how its patterns are answered."""
        patterns = self.patterns
        kept = bool(self._identity.beyond) or self._given_back.host is not None
        explained = [(patterns[n], patterns.explain(n)) for n in range(len(patterns))]
        routes = Counter(one.route for _, one in explained)
        fallback = [pattern for pattern, one in explained if one.route == "fallback"]
        left = [
            *self._identity.beyond,
            *self.host.left,
            *(f"given back to re: {what}" for what in self._given_back.now),
            *(f"given back at an earlier start: {what}" for what in self._given_back.earlier),
            *self._refused,
            *(f"{place}: the pattern is made at run time" for place in self.found.unread),
            *self.found.skipped,
        ]
        if self._store is not None:
            left += [f"{path}: {reason}" for path, reason in self._store.rejected]
        return HostExplanation(
            host=self.host.name,
            patterns=explained,
            keywords=self.found.keywords,
            learned=patterns.learned,
            routes=dict(sorted(routes.items())),
            fallback=fallback,
            loaded=self._learning.loaded,
            rebound=list(dict.fromkeys(self._rebound)),
            entries=[] if kept else [entry.label for entry in self.host.entries],
            changed=[change.label for change in self.host.changes]
            if self._is_asked_for or not kept
            else [],
            left=left,
            replay=self._replays.counts() if self._replays is not None else {},
        )

    # The end.

    def restore(self) -> None:
        """Puts everything back as it was. Harmless when called again."""
        with self._lock:
            self._give_back()
            _WITHOUT_DOORS.discard(self)
            patching.give_back(self._changed)

    def _give_back(self) -> None:
        """Puts back all but what was asked for. The lock is held."""
        self._keep_given_back()
        for taken in reversed(self._doors):
            patching.leave(self, taken)
        self._doors.clear()
        patching.give_back(self._token)
        if self._is_asked_for:
            _WITHOUT_DOORS.add(self)
        else:
            _WITHOUT_DOORS.discard(self)
            patching.give_back(self._changed)
        self._served.stop()
        self._learning.end()
        for document in self._recent:
            self._finish(document)
        self._recent.clear()
        self._last = None

    def __enter__(self) -> Acceleration:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.restore()

    def __repr__(self) -> str:
        return f"<gatecore.Acceleration of {self.host.name}, {len(self.patterns):,} patterns>"


def _keep_given_back(given_back: GivenBack, handle: weakref.ref[Acceleration]) -> None:
    """What comes at the end of a handle or of the process."""
    known = handle()
    if known is not None:
        known._keep_given_back()
    else:
        given_back.write()


def _review_of(handle: weakref.ref[Acceleration]) -> Callable[[], bool]:
    """What the core calls; it does not keep the handle."""

    def review() -> bool:
        known = handle()
        return known is not None and known._review()

    return review


def _label_of(taken: patching.Taken) -> str:
    owner = taken.owner if hasattr(taken.owner, "__name__") else type(taken.owner)
    return f"{owner.__name__}.{taken.name}" if isinstance(taken.name, str) else owner.__name__


def _has_document(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a text among the arguments is long enough to be worth a document."""
    return any(
        isinstance(value, str) and len(value) >= gain.SHORTEST_DOCUMENT
        for value in (*args, *kwargs.values())
    )


def _door(entry: Entry) -> Callable[[patching.Taken], Callable[..., Any]]:
    def make(taken: patching.Taken) -> Callable[..., Any]:
        function = taken.called
        users: list[Acceleration] = taken.users
        # Within another call there is no text to look for: it came in there, and is counted there.
        # Helpers that are called thousands of times a document pay for each look.
        only_outermost = entry.parameter is None and not entry.whole
        is_gate = entry.parameter is not None and not entry.whole

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not users:  # given back, and the host has kept this one, as in a table of rules
                return function(*args, **kwargs)
            try:
                handle = users[-1]
            except IndexError:  # given back by another thread just now
                return function(*args, **kwargs)
            depth: int = getattr(handle._local, "depth", 0)
            known = None
            if is_gate and args and handle._replays is None:
                return handle._call_gate(entry.label, function, args, kwargs, depth)
            if handle._replays is not None and (gate := handle._replays.get(call)) is not None:
                known = gate.replayed(handle, args, kwargs, depth)
                if known is not RUN and known is not NEW:
                    return known
            elif depth and only_outermost:
                taken.within += 1
                if taken.within == gain.MOST_WITHIN:
                    handle._close_within(entry)
                return function(*args, **kwargs)
            return handle._call(entry, function, args, kwargs, known)

        return call

    return make


def _place_of_text(entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | str | None:
    """Where the text is among the arguments; `None` if there is none, or a document already."""
    if entry.parameter is not None:
        if args:
            return 0 if type(args[0]) is str else None
        return entry.parameter if type(kwargs.get(entry.parameter)) is str else None
    place: int | str | None = None
    longest = -1
    given: Iterable[tuple[int | str, Any]] = enumerate(args)
    for key, value in (*given, *kwargs.items()) if kwargs else given:
        if type(value) is str:
            if len(value) > longest:
                place, longest = key, len(value)
        elif isinstance(value, Document):
            return None
    return place
