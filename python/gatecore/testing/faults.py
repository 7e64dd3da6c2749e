"""`Fault`: what goes wrong with one request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

__all__ = ["ERRORS", "Delivery", "Fault"]

#: The type of an error by its status.
ERRORS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
#: How far an answer comes: whole, its body in part and then the end of the connection, nothing but
#: that end, nothing at all, its body in part and then nothing.
Delivery = Literal["whole", "cut", "dropped", "hung", "stalled"]
_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one request; made by the functions below.

    >>> [fault.outcome for fault in (Fault.status(529), Fault.slow(3.0), Fault.cut())]
    ['overloaded_error', 'slow', 'cut']
    """

    outcome: str
    seconds: float = 0.0
    code: int = 200
    retry_after: str | None = None
    page: str = ""
    delivery: Delivery = "whole"
    part: float = 0.5
    pause: float = 0.0
    pieces: int = 1
    is_billed: bool = True
    stop: str = ""
    stop_details: dict[str, Any] | None = None
    is_empty: bool = False
    change: Callable[[str], str] | None = field(default=None, repr=False)
    change_body: Callable[[bytes], bytes] | None = field(default=None, repr=False)

    @classmethod
    def status(cls, code: int, *, retry_after: float | str | None = None) -> Fault:
        """An error of the service, in its own shape. It is billed nothing and uses no limit.

        Args:
            code: 400 or more.
            retry_after: The header of that name, in seconds or as it stands.
        """
        if code < 400:
            raise ValueError(f"{code} is no error: expected a status of 400 or more")
        if isinstance(retry_after, int | float):
            retry_after = f"{retry_after:g}"
        return cls(
            outcome=ERRORS.get(code, "api_error"),
            code=code,
            retry_after=retry_after,
            is_billed=False,
        )

    @classmethod
    def html(cls, code: int = 502) -> Fault:
        """A page where JSON should be, as a proxy on the way gives it."""
        page = _PAGE.format(f"{code} Bad Gateway")
        return cls(outcome="html", code=code, page=page, is_billed=code < 400)

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """A good answer after so many seconds, by the fake's clock."""
        return cls(outcome="slow", seconds=seconds)

    @classmethod
    def hang(cls, *, is_billed: bool = False) -> Fault:
        """No answer, ever, and the connection stays open."""
        return cls(outcome="hung", delivery="hung", is_billed=is_billed)

    @classmethod
    def stall(cls) -> Fault:
        """Half of an answer's body and then nothing, ever; the connection stays open."""
        return cls(outcome="stalled", delivery="stalled", pieces=2)

    @classmethod
    def drip(cls, seconds: float, *, pieces: int = 10) -> Fault:
        """A good answer piece by piece, so many seconds apart.

        A timeout of the SDK is one for each piece: only a deadline of the caller's own ends this.
        """
        return cls(outcome="dripped", pieces=pieces, pause=seconds)

    @classmethod
    def drop(cls, *, is_billed: bool = True) -> Fault:
        """The connection is closed before the first byte of the answer, the work is done."""
        return cls(outcome="dropped", delivery="dropped", is_billed=is_billed)

    @classmethod
    def cut(cls, part: float = 0.5) -> Fault:
        """The connection is closed for sending after this part of the body."""
        return cls(outcome="cut", delivery="cut", part=part)

    @classmethod
    def truncated(cls) -> Fault:
        """A complete answer whose JSON ends in the middle."""
        return cls(outcome="truncated", change_body=lambda body: body[: len(body) // 2])

    @classmethod
    def malformed(cls) -> Fault:
        """A complete answer that is no JSON."""
        return cls(outcome="malformed", change_body=lambda body: b'{"id": nothing,' + body)

    @classmethod
    def empty(cls) -> Fault:
        """An answer without a block of text."""
        return cls(outcome="empty", is_empty=True)

    @classmethod
    def refusal(cls, category: str | None = None) -> Fault:
        """The model refuses: no text, `stop_reason` is "refusal"."""
        details = {"type": "refusal", "category": category, "explanation": None}
        return cls(outcome="refusal", stop="refusal", stop_details=details, is_empty=True)

    @classmethod
    def max_tokens(cls) -> Fault:
        """The answer is cut by `max_tokens`: half of its text."""
        return cls(
            outcome="max_tokens", stop="max_tokens", change=lambda text: text[: len(text) // 2]
        )

    @classmethod
    def text(cls, text: str) -> Fault:
        """The model answers this, whatever it was asked."""
        return cls(outcome="text", change=lambda _: text)

    @classmethod
    def changed(cls, change: Callable[[str], str]) -> Fault:
        """The model answers what a function makes of its answer."""
        return cls(outcome="changed", change=change)

    @classmethod
    def ids(cls, how: Literal["missing", "unknown", "twice", "none"], *, key: str = "id") -> Fault:
        """A grouped answer, in JSON, with wrong ids.

        Args:
            how: The last item is missing, has an id that nobody asked for, or is there twice; or
                no item is left.
            key: What the id is called.
        """
        return cls(outcome=f"ids {how}", change=lambda text: _wrong_ids(text, how, key))

    @classmethod
    def value(cls, key: str, value: object) -> Fault:
        """An answer, in JSON, with this value wherever it has the key: a verdict nobody knows."""
        return cls(outcome=f"value of {key}", change=lambda text: _replaced(text, key, value))


def _wrong_ids(text: str, how: str, key: str) -> str:
    whole = json.loads(text)
    items = next((found for found in _lists(whole) if _have(found, key)), None)
    if items is None:
        raise ValueError(f"the answer has no list of items with {key!r}, so none can be wrong")
    if how == "missing":
        del items[-1]
    elif how == "none":
        items.clear()
    elif how == "twice":
        items.append(dict(items[-1]))
    else:
        items[-1][key] = f"{items[-1][key]}-unknown"
    return json.dumps(whole)


def _have(items: list[Any], key: str) -> bool:
    return bool(items) and all(isinstance(item, dict) and key in item for item in items)


def _lists(value: object) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _lists(one)


def _replaced(text: str, key: str, value: object) -> str:
    count = 0

    def replace(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal count
        count += sum(name == key for name, _ in pairs)
        return {name: value if name == key else old for name, old in pairs}

    changed = json.dumps(json.loads(text, object_pairs_hook=replace))
    if not count:
        raise ValueError(f"the answer has no {key!r}, so it cannot be wrong")
    return changed
