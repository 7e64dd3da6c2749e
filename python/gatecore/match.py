"""`Match`: one match, with the interface of `re.Match`."""

from __future__ import annotations

from collections.abc import Callable
from re import Match as ReMatch
from re import Pattern as RePattern
from typing import Any

__all__ = ["Match"]

_UNMATCHED = (-1, -1)


class Match:
    r"""A match of one pattern in one document. Always true; spans are in characters.

    The span is known from the start, groups are worked out when first asked for.

    >>> from gatecore import PatternSet
    >>> match = PatternSet([r"up to (\d+) ?%"]).scan("earn up to 7 % now").search(0)
    >>> match.span(), match.group(1), match[0]
    ((5, 14), '7', 'up to 7 %')
    """

    __slots__ = ("_compiled", "_find_groups", "_matched", "_regs", "_span", "string")

    def __init__(
        self,
        *,
        string: str,
        span: tuple[int, int],
        compiled: Callable[[], RePattern[str]],
        find_groups: Callable[[int, int], list[tuple[int, int] | None] | None],
    ) -> None:
        self.string = string
        self._span = span
        self._compiled = compiled
        self._find_groups = find_groups
        self._regs: tuple[tuple[int, int], ...] | None = None
        self._matched: ReMatch[str] | None = None

    @classmethod
    def of(cls, matched: ReMatch[str]) -> Match:
        """A match that `re` itself found."""
        match = cls(
            string=matched.string,
            span=matched.span(),
            compiled=lambda: matched.re,
            find_groups=lambda _start, _end: None,
        )
        match._matched = matched
        return match

    @property
    def re(self) -> RePattern[str]:
        """The pattern, compiled by `re`."""
        return self._compiled()

    @property
    def pos(self) -> int:
        """Where the search began: 0."""
        return 0

    @property
    def endpos(self) -> int:
        """Where the search had to end: the document's length."""
        return len(self.string)

    @property
    def regs(self) -> tuple[tuple[int, int], ...]:
        """The span of the match and of each group, (-1, -1) for one that took no part."""
        if self._regs is None:
            groups = self._find_groups(*self._span)
            if groups is None:
                self._regs = self._re_match().regs
            else:
                missing = self.re.groups + 1 - len(groups)
                spans = [span or _UNMATCHED for span in groups]
                self._regs = (*spans, *(_UNMATCHED for _ in range(missing)))
        return self._regs

    def _re_match(self) -> ReMatch[str]:
        """The same match by `re`, from its known start."""
        if self._matched is None:
            matched = self.re.match(self.string, self._span[0])
            if matched is None or matched.span() != self._span:
                raise AssertionError(
                    f"re finds {matched and matched.span()} where gatecore found {self._span} "
                    f"for {self.re.pattern!r}: please report this document and pattern"
                )
            self._matched = matched
        return self._matched

    @property
    def lastindex(self) -> int | None:
        """Number of the last group that was closed."""
        return self._re_match().lastindex if self.re.groups else None

    @property
    def lastgroup(self) -> str | None:
        """Name of the last group that was closed."""
        return self._re_match().lastgroup if self.re.groups else None

    def _index(self, group: Any) -> int:
        if group == 0 and isinstance(group, int):
            return 0
        names = self.re.groupindex
        index: Any = names.get(group, group) if isinstance(group, str) else group
        try:
            index = index.__index__()
        except AttributeError:
            raise IndexError("no such group") from None
        if not 0 <= index <= self.re.groups:
            raise IndexError("no such group")
        return int(index)

    def span(self, group: int | str = 0, /) -> tuple[int, int]:
        """Start and end of the match or of a group; (-1, -1) if the group took no part."""
        index = self._index(group)
        return self._span if index == 0 else self.regs[index]

    def start(self, group: int | str = 0, /) -> int:
        """First character of the match or of a group."""
        return self.span(group)[0]

    def end(self, group: int | str = 0, /) -> int:
        """One past the last character of the match or of a group."""
        return self.span(group)[1]

    def _text(self, group: Any, default: Any = None) -> Any:
        start, end = self.span(group)
        return default if start < 0 else self.string[start:end]

    def group(self, *groups: int | str) -> Any:
        """The text of the match or of groups: one text, or a tuple of them."""
        if len(groups) <= 1:
            return self._text(groups[0] if groups else 0)
        return tuple(self._text(group) for group in groups)

    def __getitem__(self, group: int | str, /) -> Any:
        return self._text(group)

    def groups(self, default: Any = None) -> tuple[Any, ...]:
        """The texts of all groups."""
        return tuple(self._text(index, default) for index in range(1, self.re.groups + 1))

    def groupdict(self, default: Any = None) -> dict[str, Any]:
        """The texts of all named groups."""
        return {name: self._text(name, default) for name in self.re.groupindex}

    def expand(self, template: str) -> str:
        r"""A template with `\1` and `\g<name>` filled in."""
        expanded: str = self._re_match().expand(template)
        return expanded

    def __copy__(self) -> Match:
        return self

    def __deepcopy__(self, memo: object) -> Match:
        return self

    def __repr__(self) -> str:
        return f"<gatecore.Match object; span={self._span!r}, match={self.group()!r}>"
