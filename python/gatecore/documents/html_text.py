r"""HTML to the text that a reader sees, laid out as browsers lay it out for `innerText`.

The tree is that of the HTML standard (`justhtml`): what closes what decides what is hidden, and a
tokenizer alone takes `<!-->Guaranteed` for a comment, which browsers show.

    <p>No <b>risk</b>.</p><p hidden>x</p><p>Ask.</p>    No risk.\n\nAsk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from gatecore.documents.document_error import DocumentReadError
from gatecore.text import plural

if TYPE_CHECKING:
    from justhtml import Node

__all__ = ["MAX_PAGE", "HtmlText", "text_of_html"]

MAX_PAGE: Final = 20_000_000
"""Characters of a page: its tree takes up to 75 times as much memory."""

# With scripting off, `noscript` holds elements, as in a mail program.
_UNREAD: Final = frozenset((
    "script", "style", "template", "noframes", "noembed", "datalist", "rp", "iframe",
))  # fmt: skip
_SHOWN_PARTS: Final = frozenset(("iframe", "frame", "object", "embed", "canvas"))
"""What readers may see and nobody here reads; it is counted."""

_APART: Final = frozenset((
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "hr",
    "figure", "fieldset", "title",
))  # fmt: skip
"""Have an empty line before and after, so that a heading is not part of the next sentence."""

_BLOCKS: Final = frozenset((
    "address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "dir",
    "div", "dt", "figcaption", "footer", "form", "head", "header", "hgroup", "html", "legend",
    "li", "listing", "main", "menu", "nav", "optgroup", "option", "plaintext", "search",
    "section", "select", "summary", "tbody", "textarea", "tfoot", "thead", "tr", "xmp",
))  # fmt: skip
_CELLS: Final = frozenset(("td", "th"))
_AS_WRITTEN: Final = frozenset(("pre", "textarea", "listing", "xmp", "plaintext"))
_BUTTONS: Final = frozenset(("submit", "button", "reset"))

_SPACES: Final = re.compile("[ \t\n\r\f]+")
_INVISIBLE: Final = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What was read of a page, and how much of it was not.

    Attributes:
        hidden: Characters of hidden elements.
        unread_parts: Frames, objects and the like, whose content is elsewhere.
        comments: Those in which `gatecore:` stands: where in the text, whether a line begins there,
            and what they say.
    """

    text: str
    hidden: int
    unread_parts: int
    comments: tuple[tuple[int, bool, str], ...] = ()

    def notes(self) -> list[str]:
        """What a reader should know."""
        notes = []
        if self.hidden:
            notes.append(f"hidden parts ({plural(self.hidden, 'character')}) were not read")
        if self.unread_parts:
            parts = plural(self.unread_parts, "frame or object was", "frames or objects were")
            notes.append(f"{parts} not read")
        return notes


def text_of_html(html: str, *, name: str = "a page") -> HtmlText:
    r"""The text of a page or of a piece of one.

    Images count as their `alt` text, buttons as what is on them. Elements that are hidden by their
    own attributes are left out; style sheets are not consulted. `name` is the document's in errors.
    It takes about a second and up to 75 MB a megabyte, whatever is in it.

    >>> text_of_html("<h1>Fees</h1><p>No <b>exit\n fee</b>.<p hidden>x<p>Ask&nbsp;us<br>now").text
    'Fees\n\nNo exit fee.\n\nAsk\xa0us\nnow'
    """
    if len(html) > MAX_PAGE:
        raise DocumentReadError(
            name,
            f"it has {len(html) / 1e6:,.0f} MB of HTML, more than the {MAX_PAGE // 10**6} MB that "
            "are read; split it, or read its markup as it is with --as text",
        )
    from justhtml import JustHTML

    page = JustHTML(html, sanitize=False, scripting_enabled=False)
    seen, hidden = _Lines(), _Lines()
    unread_parts = 0
    comments: list[tuple[int, bool, str]] = []
    # Elements may be nested as deep as the file is long, so there is no recursion. What is to be
    # left again stands in the stack as its name.
    ahead: list[Node | str] = [page.root]
    out, hidden_depth, depth, written_depth = seen, 0, 0, 0
    while ahead:
        node = ahead.pop()
        if isinstance(node, str):
            out.leave(node)
            depth -= 1
            if node in _AS_WRITTEN:
                written_depth -= 1
            if out is hidden and depth < hidden_depth:
                out, hidden_depth = seen, 0
            continue
        name = node.name
        if name == "#text":
            out.add(str(node.data or ""), as_written=written_depth > 0)
            continue
        if name[0] in "#!":
            if name in ("#document", "#document-fragment"):
                ahead += reversed(node.children or ())
            elif name == "#comment" and out is seen and "gatecore:" in (said := str(node.data)):
                comments.append((*seen.place(), said))
            continue
        unread_parts += name in _SHOWN_PARTS and out is seen
        if name in _UNREAD:
            continue
        attributes: Mapping[str, str | None] = node.attrs or {}
        depth += 1
        if out is seen and _is_hidden(attributes):
            out, hidden_depth = hidden, depth
        out.enter(name)
        written_depth += name in _AS_WRITTEN
        if instead := _shown_instead(name, attributes):
            out.add(f" {instead} ")
        ahead.append(name)
        ahead += reversed(node.children or ())
    places = seen.offsets([part for part, _, _ in comments])
    told = tuple((at, *of[1:]) for at, of in zip(places, comments, strict=True))
    return HtmlText(seen.text(), len(hidden.text()), unread_parts, told)


def _is_hidden(attributes: Mapping[str, str | None]) -> bool:
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    return _INVISIBLE.search(attributes.get("style") or "") is not None


def _shown_instead(name: str, attributes: Mapping[str, str | None]) -> str:
    """What stands for an element that has no text of its own."""
    kind = (attributes.get("type") or "").lower() if name == "input" else ""
    if name in ("img", "area") or kind == "image":
        return attributes.get("alt") or ""
    return (attributes.get("value") or "") if kind in _BUTTONS else ""


class _Lines:
    """Text that grows: white space collapses, breaks are kept until something follows them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._breaks = 0
        self._blank = ""
        self._starts_line = True

    def enter(self, name: str) -> None:
        self._edge(name)
        if name == "br":
            self._breaks = 0 if self._starts_line and not self._parts else self._breaks
            self._flush()
            self._parts.append("\n")
            self._starts_line, self._blank = True, ""
        elif name in _CELLS and not (self._starts_line or self._breaks):
            self._blank = "\t"

    def leave(self, name: str) -> None:
        self._edge(name)

    def add(self, data: str, *, as_written: bool = False) -> None:
        if as_written:
            if data:
                self._put(data)
                self._starts_line = data.endswith("\n")
            return
        words = _SPACES.sub(" ", data)
        line = words.strip(" ")
        if words.startswith(" "):
            self._space()
        if line:
            self._put(line)
            self._starts_line = False
            if words.endswith(" "):
                self._space()

    def text(self) -> str:
        return "".join(self._parts)

    def place(self) -> tuple[int, bool]:
        """Where it stands now, in parts, and whether what comes next begins a line."""
        return len(self._parts), self._starts_line or self._breaks > 0

    def offsets(self, parts: Iterable[int]) -> list[int]:
        """Where parts begin, in characters."""
        ends = [0, *accumulate(map(len, self._parts))]
        return [ends[part] for part in parts]

    def _edge(self, name: str) -> None:
        breaks = 2 if name in _APART else 1 if name in _BLOCKS else 0
        if breaks and self._parts:
            # What `br` has broken already counts as one of an element's own breaks.
            self._breaks = max(self._breaks, breaks - (1 if self._starts_line else 0))
            self._blank = ""

    def _space(self) -> None:
        if not (self._starts_line or self._breaks or self._blank):
            self._blank = " "

    def _flush(self) -> None:
        if self._breaks:
            self._parts.append("\n" * self._breaks)
            self._breaks, self._blank, self._starts_line = 0, "", True

    def _put(self, text: str) -> None:
        self._flush()
        self._parts.append(self._blank)
        self._parts.append(text)
        self._blank = ""
