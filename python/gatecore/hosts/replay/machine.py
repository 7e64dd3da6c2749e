"""Follows a gate's source once, with a document that stands for all documents.

Statements are executed as Python would, on values that are known or are expressions (`values`).
Where the way depends on the document there are three possibilities:

    if re.search(p, text): found = True   merged: found = found or has(p)
    if not relevant: return {…}           a leaf of the tree; for the others it goes on
    what cannot be merged                 a fork: the document tells on which side it goes on

What is not understood ends the way with `UnclearError`, and the gate's own Python runs for the
documents that come there. So nothing is guessed, and what was followed to its end is pure: it read
the document, its own names and what is kept in `Readings`, and changed only what it had made.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from gatecore.hosts.replay.frames import (
    BREAK,
    CONTINUE,
    DEAD,
    EndedError,
    Frame,
    Left,
    Loop,
    Returned,
    Signal,
    Step,
)
from gatecore.hosts.replay.readings import Readings, Source, source_of
from gatecore.hosts.replay.values import (
    ATOMS,
    UNBOUND,
    Each,
    Entries,
    Expr,
    Expressions,
    Mapping,
    Matches,
    Maybe,
    Method,
    OneMatch,
    Scope,
    Torn,
    TruthOf,
    UnclearError,
    View,
)

__all__ = ["RUN", "Machine", "MergeError"]

#: What has no common value with another one.
_UNMERGED: Final = (Returned, Left, Entries, Mapping, Matches, Maybe, Method, Torn)

#: The gate's own Python has to run.
RUN: Final = NotImplemented

#: Statements and expressions that one way may take to follow: no way is followed for ever.
_MOST_STEPS: Final = 60_000
_DEEPEST: Final = 12


class MergeError(Exception):
    """The two sides of a condition cannot be merged: it is a fork."""


class Machine:
    """Follows one way through a gate.

    Args:
        expressions: Where expressions are made.
        readings: What the host's own state is read through.
        decide: Whether an expression holds for the document.
        evaluate: The value of a Python expression node, see `operations`.
        finish: What a result comes to as a leaf of the tree.
    """

    def __init__(
        self,
        expressions: Expressions,
        readings: Readings,
        decide: Callable[[Expr], bool],
        evaluate: Callable[[Machine, ast.expr], Any],
        finish: Callable[[Machine, Any], Any],
    ) -> None:
        self.make = expressions
        self.readings = readings
        self._decide = decide
        self._evaluate = evaluate
        self._finish = finish
        #: The forks on the way.
        self.steps: list[Step] = []
        self.scope: list[Expr | Each] = []
        self.frames: list[Frame] = []
        self._facts: dict[int, bool] = {}
        self._journal: list[tuple[Any, Any]] = []
        self._carried: frozenset[int] = frozenset()
        self._variables = 0
        self._turns = 0
        self._steps = 0
        #: What has to be worked out because it could raise, whether it is used or not.
        self.strict = Entries(())

    # Conditions.

    def known(self, condition: Any) -> bool | None:
        """Whether a condition holds here, if that is known."""
        if not isinstance(condition, Expr):
            return bool(condition)
        fact = self._facts.get(condition.number)
        if fact is not None:
            return fact
        name, parts = self.make.parts.get(condition.number, ("", ()))
        if name == "not":
            inner = self.known(parts[0])
            return None if inner is None else not inner
        if name in ("any", "all"):
            facts = [self.known(part) for part in parts]
            if (name == "any") in facts:
                return name == "any"
            if None not in facts:
                return name == "all"
        return None

    def _learn(self, condition: Expr, fact: bool) -> None:
        self._facts[condition.number] = fact
        name, parts = self.make.parts.get(condition.number, ("", ()))
        if name == "not":
            self._learn(parts[0], not fact)
        elif name == ("all" if fact else "any"):
            for part in parts:
                self._learn(part, fact)

    def decide(self, condition: Any) -> bool:
        """Which way a fork goes; within a condition there are no forks."""
        known = self.known(condition)
        if known is not None:
            return known
        if self.scope:
            raise MergeError
        returned = self.frames[0].returned
        if isinstance(returned, Expr) and self._decide(returned):
            raise EndedError
        fact = self._decide(condition)
        self.steps.append(Step(condition, fact, None))
        self._learn(condition, fact)
        return fact

    def require(self, condition: Any, why: str) -> None:
        """Goes on only where a condition holds."""
        if not self.decide(condition):
            raise UnclearError(why)

    @contextmanager
    def under(self, *scope: Expr | Each) -> Iterator[None]:
        """While something is done under conditions, or for each match."""
        before, facts = len(self.scope), dict(self._facts)
        self.scope += scope
        for part in scope:
            if isinstance(part, Expr):
                self._learn(part, True)
        try:
            yield
        finally:
            del self.scope[before:]
            self._facts = facts

    def relative(self, scope: Scope) -> Scope:
        """What was entered since something was made."""
        if tuple(self.scope[: len(scope)]) != scope:
            raise UnclearError("what was made in a loop is changed after it")
        return tuple(self.scope[len(scope) :])

    def readable(self, scope: Scope) -> None:
        """Sees to it that what was made somewhere speaks of matches that there are here."""
        if not {part.variable for part in _eaches(scope)} <= self._variables_here():
            raise UnclearError("what was made for a match is read after it")

    def _variables_here(self) -> set[int]:
        return {part.variable for part in _eaches(tuple(self.scope))}

    def renewed(self, entries: list[tuple[Scope, Any]]) -> list[tuple[Scope, Any]]:
        """Entries as those of another loop, so that they are not taken for parts of the first."""
        turns: dict[int, int] = {}

        def renew(part: Expr | Each) -> Expr | Each:
            if isinstance(part, Expr):
                return part
            if part.turn not in turns:
                turns[part.turn] = self._new_turn()
            return replace(part, turn=turns[part.turn])

        return [(tuple(map(renew, scope)), value) for scope, value in entries]

    def _new_turn(self) -> int:
        self._turns += 1
        return self._turns

    def new_variable(self) -> int:
        """A number for the matches of a loop."""
        self._variables += 1
        return self._variables

    # Lists and names, with a way back.

    def append(self, to: Entries, entries: list[tuple[Scope, Any]]) -> None:
        """Adds entries to a list."""
        if to.is_foreign or to.is_tuple:
            raise UnclearError("it changes a list that it has not made")
        scope = self.relative(to.scope)
        self._journal.append((to, list(to.entries)))
        to.entries += [((*scope, *inner), value) for inner, value in entries]

    def put(self, mapping: Mapping, key: Any, value: Any, *, is_fresh: bool = False) -> None:
        """Sets an item of a dict; under a condition, if that leaves the order of its keys known."""
        if mapping.is_foreign:
            raise UnclearError("it changes a dict that it has not made")
        scope = self.relative(mapping.scope)
        if any(isinstance(part, Each) for part in scope):
            raise MergeError
        held = self.make.both(list(scope))
        old = mapping.items.get(key, UNBOUND)
        if isinstance(held, Expr):
            if old is UNBOUND:
                value = Maybe(held, value)
            elif isinstance(old, Maybe):
                value = self._put_again(mapping, key, old, held, value, is_fresh=is_fresh)
            else:
                value = self.merge(held, value, old)
        elif isinstance(old, Maybe):
            raise MergeError  # whether the key is last or where it was depends on the document
        self._journal.append((mapping, dict(mapping.items)))
        mapping.items[key] = value

    def _put_again(
        self, mapping: Mapping, key: Any, old: Maybe, held: Expr, value: Any, *, is_fresh: bool
    ) -> Maybe:
        """The item of a key that may be there already."""
        known = self.known(old.condition)
        if known:
            return Maybe(old.condition, self.merge(held, value, old.value))
        if known is None or next(reversed(mapping.items)) != key:
            raise MergeError  # which of two keys comes first depends on the document
        # `a or (b and not a)` is `a or b`, which then is known to hold where `b` does.
        absent = self.make.negated(old.condition)
        held_parts = self.make.parts.get(held.number, ("", ()))
        parts = held_parts[1] if held_parts[0] == "all" else (held,)
        new = self.make.both([part for part in parts if part != absent])
        condition = self.make.either([old.condition, new])
        if not isinstance(old.value, Entries):
            return Maybe(condition, self.merge(held, value, old.value))
        # The same list will do for both: where the first was not made it has no entries.
        lists = isinstance(value, Entries) and not value.entries and not old.value.is_foreign
        if is_fresh and lists and all(scope for scope, _ in old.value.entries):
            return Maybe(condition, old.value)
        raise MergeError

    def item(self, mapping: Mapping, key: Any) -> tuple[Any, Any]:
        """Whether a dict has a key, and its value."""
        self.readable(mapping.scope)
        value = mapping.items.get(key, UNBOUND)
        if value is UNBOUND:
            return False, None
        if not isinstance(value, Maybe):
            return True, value
        known = self.known(value.condition)
        return (value.condition if known is None else known), value.value

    def pairs(self, mapping: Mapping) -> list[tuple[Scope, Any, Any]]:
        """The items of a dict, each with what has to hold for it to be there."""
        found: list[tuple[Scope, Any, Any]] = []
        for key in mapping.items:
            condition, value = self.item(mapping, key)
            if condition is not False:
                found.append((() if condition is True else (condition,), key, value))
        return found

    @property
    def here(self) -> Scope:
        """Where a container is made: its own conditions are those for which it can be reached."""
        places = [n for n, part in enumerate(self.scope) if isinstance(part, Each)]
        return tuple(self.scope[: places[-1] + 1]) if places else ()

    def note_strict(self, expression: Expr) -> None:
        """Has an expression worked out even if nothing uses it, since it might raise."""
        self._journal.append((self.strict, list(self.strict.entries)))
        self.strict.entries.append((tuple(self.scope), expression))

    def _mark(self) -> Any:
        loops = [(one, one.stopped, one.skipped) for f in self.frames for one in f.loops]
        used = len(self._journal)
        frames = [(f, dict(f.names), f.returned, list(f.returns)) for f in self.frames]
        return used, loops, frames, len(self.steps), dict(self._facts)

    def _back(self, mark: Any, *, forks_stay: bool = False) -> None:
        """Undoes what was done since a mark; the forks since then may be part of the way."""
        used, loops, frames, steps, facts = mark
        if not forks_stay:
            del self.steps[steps:]
            self._facts = dict(facts)
        while len(self._journal) > used:
            one, before = self._journal.pop()
            if isinstance(one, Entries):
                one.entries = before
            elif isinstance(one, Mapping):
                one.items = before
            else:
                one.is_used = before
        for loop, stopped, skipped in loops:
            loop.stopped, loop.skipped = stopped, skipped
        for frame, names, returned, returns in frames:
            frame.names, frame.returned, frame.returns = names, returned, returns

    def use_up(self, matches: Matches) -> None:
        """Goes through an iterator, which gives its matches once."""
        if matches.is_iterator:
            if matches.is_used or tuple(self.scope) != matches.scope:
                raise UnclearError("it goes through an iterator twice")
            self._journal.append((matches, matches.is_used))
            matches.is_used = True

    # Both sides of a condition.

    def branch(self, condition: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        """What two ways to go on come to, merged by `merge` if they can be."""
        known = self.known(condition)
        if known is not None:
            return (yes if known else no)()
        mark = self._mark()
        try:
            return self._merged(condition, yes, no)
        except MergeError:
            self._back(mark)
            return (yes if self.decide(condition) else no)()

    def _merged(self, condition: Expr, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        frame = self.frames[-1]
        before = frame.names
        sides = []
        for fact, side in ((condition, yes), (self.make.negated(condition), no)):
            frame.names = dict(before)
            with self.under(fact):
                value = side()
                is_dead = self.known(frame.returned)
                sides.append((value, frame.names, is_dead))
        (yes_value, yes_names, yes_dead), (no_value, no_names, no_dead) = sides
        if yes_dead or no_dead:  # the function was left there
            yes_names, no_names = (no_names,) * 2 if yes_dead else (yes_names,) * 2
        frame.names = {
            name: self._merged_name(
                condition, yes_names.get(name, UNBOUND), no_names.get(name, UNBOUND)
            )
            for name in dict.fromkeys((*yes_names, *no_names))
        }
        return self.merge(condition, yes_value, no_value)

    def _merged_name(self, condition: Expr, yes: Any, no: Any) -> Any:
        if yes is no:
            return yes
        if no is UNBOUND:
            return self._maybe(condition, yes)
        if yes is UNBOUND:
            return self._maybe(self.make.negated(condition), no)
        try:
            return self.merge(condition, yes, no)
        except MergeError:
            return Torn(condition, yes, no)

    def _maybe(self, condition: Any, value: Any) -> Any:
        if isinstance(value, Maybe):
            return Maybe(self.make.both([condition, value.condition]), value.value)
        return Maybe(condition, value)

    def merge(self, condition: Any, yes: Any, no: Any) -> Any:
        """One value for two sides."""
        if yes is no or (yes == no and type(yes) is type(no)):
            return yes
        for value in (yes, no):
            if isinstance(
                value, Returned | Left | Entries | Mapping | Matches | Maybe | Method | Torn
            ):
                raise MergeError
        if isinstance(yes, OneMatch | TruthOf) or isinstance(no, OneMatch | TruthOf):
            held = self.make.both([condition, self.truth(yes)])
            other = self.make.both([self.make.negated(condition), self.truth(no)])
            return TruthOf(self.make.either([held, other]))
        if isinstance(yes, View) or isinstance(no, View):
            raise MergeError
        try:
            return self.make.choice(condition, yes, no)
        except UnclearError:
            raise MergeError from None

    # Truth.

    def truth(self, value: Any) -> Any:
        """A value's truth: known, or an expression."""
        if isinstance(value, Expr):
            if value.kind == "bool":
                return value
            if value.kind == "int":
                return self.make.negated(self.make.make("bool", "compare", "==", value, self.zero))
            return self.make.make("bool", "truth", value)
        if isinstance(value, View):
            return self.truth(self.make.make("int", "length", value.number))
        if isinstance(value, OneMatch):
            return value.found
        if isinstance(value, TruthOf):
            return value.truth
        if isinstance(value, Matches):
            if value.is_iterator:
                return True
            return self.make.make("bool", "has", value.view, value.source, value.flags)
        if isinstance(value, Entries):
            return self.make.either([self.exists(scope, True) for scope, _ in self.read(value)])
        if isinstance(value, Mapping):
            return self.make.either([self.exists(scope, True) for scope, _, _ in self.pairs(value)])
        if type(value) in ATOMS:
            return bool(value)
        raise UnclearError("it asks for the truth of what is not followed")

    @property
    def zero(self) -> Expr:
        """Zero as an expression."""
        return self.make.constant(0)

    def exists(self, scope: Scope, condition: Any) -> Any:
        """Whether a condition holds anywhere in a scope."""
        for part in reversed(scope):
            if isinstance(part, Expr):
                condition = self.make.both([part, condition])
                continue
            has = self.make.make("bool", "has", part.view, part.source, part.flags)
            if isinstance(condition, Expr) and part.variable in condition.free:
                bound = frozenset((part.variable,))
                condition = self.make.make(
                    "bool", "exists", part.view, part.source, part.flags, part.variable, condition,
                    bound=bound,
                )  # fmt: skip
            else:
                condition = self.make.both([has, condition])
        return condition

    # Statements.

    def call(self, function: Any, arguments: dict[str, Any]) -> Any:
        """Follows a call of a function of the host."""
        if len(self.frames) >= _DEEPEST:
            raise UnclearError(f"{function.__name__}: calls go too deep")
        source = source_of(function)
        self.readings.note_function(function)
        if not self.frames:
            self.frames.append(
                Frame(function, dict(arguments), source.local, len(self.scope), merges=True)
            )
            signal = self._block(source.body)
            return signal.value if isinstance(signal, Returned) else None
        try:
            mark = self._mark()
            return self._called(function, arguments, source, merges=True)
        except MergeError:
            if self.scope:
                raise
            self._back(mark, forks_stay=True)
            return self._called(function, arguments, source, merges=False)

    def _called(
        self, function: Any, arguments: dict[str, Any], source: Source, *, merges: bool
    ) -> Any:
        frame = Frame(function, dict(arguments), source.local, len(self.scope), merges)
        self.frames.append(frame)
        try:
            signal = self._block(source.body)
        finally:
            self.frames.pop()
        last = signal.value if isinstance(signal, Returned) else None
        return self._chain(frame.returns, last)

    def _chain(self, returns: list[tuple[Any, Any]], last: Any) -> Any:
        """What a function gives that was left under conditions, the first that holds first."""
        if not returns:
            return last
        (condition, value), *rest = returns
        known = self.known(condition)
        if known is not None:
            return value if known else self._chain(rest, last)
        with self.under(self.make.negated(condition)):
            other = self._chain(rest, last)
        return self.merge(condition, value, other)

    def _return(self, value: Any) -> Signal:
        frame = self.frames[-1]
        conditions = self.scope[frame.scope :]
        if not conditions:
            return Returned(value)
        if not frame.merges or any(isinstance(part, Each) for part in conditions):
            raise MergeError
        held = self.make.both(list(conditions))
        if len(self.frames) == 1:
            self.steps.append(Step(held, False, self._finish(self, value)))
        else:
            frame.returns.append((held, value))
        frame.returned = self.make.either([frame.returned, held])
        return DEAD

    def value(self, node: ast.expr) -> Any:
        """The value of an expression node."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise UnclearError("it is too long")
        return self._evaluate(self, node)

    def _dead(self) -> Any:
        frame = self.frames[-1]
        left = [frame.loops[-1].stopped, frame.loops[-1].skipped] if frame.loops else []
        return self.make.either([*left, frame.returned])

    def _block(self, statements: Sequence[ast.stmt]) -> Signal:
        for number, statement in enumerate(statements):
            dead = self.known(self._dead())
            if dead is None and len(self.frames) == 1 and not self.scope:
                # What is done from here on counts only for documents that have not left the gate.
                returned = self.frames[0].returned
                if self.known(returned) is None:
                    self._learn(returned, False)
                    dead = self.known(self._dead())
            if dead:
                return None
            if dead is None:
                rest = statements[number:]
                alive = self.make.negated(self._dead())
                signal: Signal = self.branch(alive, lambda: self._block(rest), lambda: None)  # noqa: B023
                return signal
            signal = self._statement(statement)
            if signal is not None:
                return None if signal is DEAD else signal
        return None

    def _statement(self, statement: ast.stmt) -> Signal:
        match statement:
            case ast.Expr(value=node):
                if not isinstance(node, ast.Constant):
                    self.value(node)
            case ast.Assign(targets=targets, value=node):
                value = self.value(node)
                is_fresh = isinstance(node, ast.List) and len(targets) == 1
                for target in targets:
                    self.assign(target, value, is_fresh=is_fresh)
            case ast.AnnAssign(target=target, value=node):
                if node is not None:
                    self.assign(target, self.value(node))
            case ast.AugAssign(target=ast.Name(id=name), op=operator, value=node):
                self._augment(statement, name, operator, node)
            case ast.If(test=test, body=body, orelse=orelse):
                condition = self.truth(self.value(test))
                signal: Signal = self.branch(
                    condition, lambda: self._block(body), lambda: self._block(orelse)
                )
                return signal
            case ast.For(target=target, iter=node, body=body, orelse=[]):
                return self._for(target, self.value(node), body)
            case ast.Return(value=node):
                return self._return(None if node is None else self.value(node))
            case ast.Pass():
                pass
            case ast.Break() | ast.Continue():
                return self._leave(isinstance(statement, ast.Break))
            case ast.Try(body=body, orelse=[], finalbody=[]):
                # What could raise is worked out by the core whether it is used or not, and if it
                # does raise, the gate's own Python runs.
                return self._block(body)
            case _:
                kind = type(statement).__name__.lower()
                raise UnclearError(f"line {statement.lineno}: {kind} is not followed")
        return None

    def _augment(
        self, statement: ast.stmt, name: str, operator: ast.operator, node: ast.expr
    ) -> None:
        old = ast.copy_location(ast.Name(name, ast.Load()), statement)
        before = self.value(old)
        if isinstance(before, Entries):
            if not isinstance(operator, ast.Add) or before.is_tuple:
                raise UnclearError(
                    f"line {statement.lineno}: a list is changed in a way not followed"
                )
            self.extend(before, self.value(node))
            return
        changed = ast.copy_location(ast.BinOp(old, operator, node), statement)
        self.frames[-1].names[name] = self.value(changed)

    def extend(self, to: Entries, given: Any) -> None:
        """Adds what a list or another container has."""
        if isinstance(given, Entries):
            self.readable(given.scope)
            self.append(to, self.renewed(self.read(given)))
        elif isinstance(given, Mapping):
            self.append(to, self.items(given))
        else:
            raise UnclearError("it adds to a list what is not followed")

    def _leave(self, is_break: bool) -> Signal:
        loop = self.frames[-1].loops[-1]
        conditions = self.scope[loop.scope :]
        if not conditions:
            return BREAK if is_break else CONTINUE
        places = [n for n, part in enumerate(conditions) if isinstance(part, Each)]
        if places:
            if is_break:
                raise MergeError  # which match was the last depends on the document
            conditions = conditions[places[-1] + 1 :]
            if not conditions:
                return CONTINUE
        held = self.make.both(list(conditions))
        if is_break:
            loop.stopped = self.make.either([loop.stopped, held])
        else:
            loop.skipped = self.make.either([loop.skipped, held])
        return DEAD

    def assign(self, target: ast.expr, value: Any, *, is_fresh: bool = False) -> None:
        match target:
            case ast.Name(id=name):
                self.frames[-1].names[name] = value
            case ast.Tuple(elts=targets) if isinstance(value, Entries):
                values = value.plain()
                if values is None or len(values) != len(targets):
                    raise UnclearError("it takes something apart whose length is not known")
                for one, part in zip(targets, values, strict=True):
                    self.assign(one, part)
            case ast.Subscript(value=node, slice=key):
                mapping, index = self.value(node), self.value(key)
                if not isinstance(mapping, Mapping) or type(index) not in (str, int):
                    raise UnclearError("it sets an item of what is no dict of its own")
                self.put(mapping, index, value, is_fresh=is_fresh)
            case ast.Attribute():
                raise UnclearError(f"writes {ast.unparse(target)}")
            case _:
                raise UnclearError(f"assigns to {ast.unparse(target)}")

    # Loops.

    def items(self, value: Any) -> list[tuple[Scope, Any]]:
        """What a loop goes through."""
        if isinstance(value, Entries):
            entries = self.read(value)
            for (first, _), (second, _) in pairwise(entries):
                if set(_eaches(first)) & set(_eaches(second)):
                    raise UnclearError("it goes through what several turns of a loop have made")
            for scope, _ in entries:
                if {part.variable for part in _eaches(scope)} & self._variables_here():
                    raise UnclearError("it goes through a list within a loop through it")
            return self.renewed(entries)
        if isinstance(value, Mapping):
            return [(scope, key) for scope, key, _ in self.pairs(value)]
        if isinstance(value, Matches):
            self.use_up(value)
            variable = self.new_variable()
            each = Each(value.view, value.source, value.flags, variable, self._new_turn())
            span = self.make.make("span", "var", variable)
            one = OneMatch(value.view, value.source, value.flags, span, found=True)
            return [((each,), one)]
        raise UnclearError("it goes through what is not followed")

    def _for(self, target: ast.expr, value: Any, body: list[ast.stmt]) -> Signal:
        loops = self.frames[-1].loops
        loop = Loop(len(self.scope))
        loops.append(loop)
        try:
            for scope, item in self.items(value):
                if self.known(self.make.either([loop.stopped, self.frames[-1].returned])):
                    break
                loop.skipped = False
                signal = self._turn(target, scope, item, body, loop)
                if signal is BREAK:
                    break
                if isinstance(signal, Returned):
                    return signal
        finally:
            loops.pop()
        if loop.stopped is not False:
            for node in ast.walk(target):  # which of them it was left with is not known
                if isinstance(node, ast.Name):
                    self.frames[-1].names.pop(node.id, None)
        return None

    def _turn(
        self, target: ast.expr, scope: Scope, item: Any, body: list[ast.stmt], loop: Loop
    ) -> Signal:
        if not scope:
            self.assign(target, item)
            return self._block(body)
        if any(isinstance(part, Each) for part in scope):
            if loop.stopped is not False:
                raise UnclearError("it leaves a loop over matches")
            try:
                self._for_each(target, scope, item, body)
            except MergeError:
                if self.scope:
                    raise
                raise UnclearError("what it does for a match depends on the match") from None
            return None

        def turn() -> Signal:
            self.assign(target, item)
            return self._block(body)

        signal: Signal = self.branch(self.make.both(list(scope)), turn, lambda: None)
        return signal

    def _for_each(self, target: ast.expr, scope: Scope, item: Any, body: list[ast.stmt]) -> None:
        """Follows a loop over matches once, for all of them.

        A turn may not see what another turn did. So the body is followed twice: first to learn
        which names and lists it changes, then with these names unbound, these lists unreadable.
        """
        frame, before, mark = self.frames[-1], dict(self.frames[-1].names), self._mark()
        self._body_for_each(target, scope, item, body)
        after, lists = frame.names, {id(one) for one, _ in self._journal[mark[0] :]}
        changed = [name for name in after if after[name] is not before.get(name, UNBOUND)]
        self._back(mark)
        frame.names = {name: value for name, value in before.items() if name not in changed}
        carried, self._carried = self._carried, self._carried | lists
        try:
            self._body_for_each(target, scope, item, body)
        finally:
            self._carried = carried
        after = frame.names
        frame.names = {**before}
        for name in changed:
            old, new = before.get(name, UNBOUND), after.get(name, UNBOUND)
            frame.names[name] = self._after_each(scope, old, new)

    def _body_for_each(
        self, target: ast.expr, scope: Scope, item: Any, body: list[ast.stmt]
    ) -> None:
        with self.under(*scope):
            self.assign(target, item)
            if self._block(body) not in (None, CONTINUE):
                raise MergeError
            self.frames[-1].loops[-1].skipped = False

    def _after_each(self, scope: Scope, before: Any, after: Any) -> Any:
        """What a name stands for after a loop over matches that changes it."""
        condition, value = True, after
        if isinstance(after, Maybe):
            condition, value = after.condition, after.value
        if type(value) not in (str, int, float, bool, type(None)):
            return UNBOUND
        held = self.exists(scope, condition)
        if before is UNBOUND:
            return self._maybe(held, value) if isinstance(held, Expr) else value
        return self.merge(held, value, before)

    def read(self, entries: Entries) -> list[tuple[Scope, Any]]:
        """The entries of a list, unless they depend on other turns of a loop over matches."""
        if id(entries) in self._carried:
            raise UnclearError("what it does for a match depends on the matches before")
        return entries.entries


def _eaches(scope: Scope) -> list[Each]:
    return [part for part in scope if isinstance(part, Each)]
