"""Some of many gates: those with a tag, those with a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from gatecore.errors import GatecoreError
from gatecore.gates.spec import Gate

__all__ = ["narrow"]


def narrow(
    gates: Sequence[Gate],
    *,
    tags: Sequence[str] = (),
    names: Sequence[str] = (),
    skip: Sequence[str] = (),
    known: Iterable[Gate] = (),
) -> tuple[Gate, ...]:
    """The gates that have one of the tags and one of the names (`gate` or `module/gate`).

    Those named in `skip` are left out. No tags are all tags, no names all names. A tag or name that
    only a gate of `known` has is no mistake: of two versions of some gates, one may lack it.

    >>> from gatecore import modules
    >>> gates = modules.load("gdpr_uk").gates
    >>> [gate.name for gate in narrow(gates, names=["gdpr_uk/consent"])]
    ['consent']

    Raises:
        GatecoreError: A tag or name that no gate has.
    """
    all_known = (*gates, *known)
    known_tags = {tag for gate in all_known for tag in gate.tags}
    for tag in tags:
        _refuse_unknown(f"no gate has the tag '{tag}'", tag, known_tags)
    for name in (*names, *skip):
        has_module = "/" in name
        choices = {f"{g.module}/{g.name}" if has_module else g.name for g in all_known}
        _refuse_unknown(f"there is no gate '{name}'", name, choices)
    return tuple(
        gate
        for gate in gates
        if (not tags or not set(tags).isdisjoint(gate.tags))
        and (not names or not {gate.name, f"{gate.module}/{gate.name}"}.isdisjoint(names))
        and {gate.name, f"{gate.module}/{gate.name}"}.isdisjoint(skip)
    )


def _refuse_unknown(message: str, word: str, known: set[str]) -> None:
    if word in known:
        return
    close = get_close_matches(word, sorted(known), n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    raise GatecoreError(
        f"{message}; {hint}`gatecore gates list` shows what there is; "
        "give --gates FOLDER for your own"
    )
