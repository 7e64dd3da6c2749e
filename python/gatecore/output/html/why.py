"""Why a verdict is what it is, as nested lists on a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatecore.gates.why.tree import SIGNS, Why, WhyBranch, WhyCondition, Witness
from gatecore.output.html.marks import escaped, in_short

__all__ = ["why_html"]

_HELD: Final = {
    True: ("held", "holds: "),
    False: ("failed", "does not hold: "),
    None: ("unseen", "not looked at: "),
}


def why_html(why: Why) -> Iterator[str]:
    """The pieces of an explanation, which the reader opens; nothing that it lists is cut."""
    yield '<details class="why"><summary>Why?</summary>\n<ul class="tree">\n'
    if why.relevant is not None:
        yield f"{_sign(why.relevant.held)}<b>Relevant</b> <ul>\n"
        yield from _condition(why.relevant)
        yield "</ul></li>\n"
    for branch in why.branches:
        yield from _branch(branch)
    yield "</ul>\n"
    if why.limits:
        yield f'<p class="dim">What this gate cannot see: {escaped(why.limits)}</p>\n'
    yield "</details>\n"


def _branch(branch: WhyBranch) -> Iterator[str]:
    answer = escaped(branch.answer.replace(" ", ", ", 1))
    if branch.taken:
        yield f"{_sign(True)}<b>{answer}</b>"
    else:
        # Not in the colours of a failure: that a FAIL does not apply is good news.
        yield (
            '<li class="passed-over"><span class="sign" aria-hidden="true">·</span>'
            f"{answer}: does not apply"
        )
    if branch.when is None:
        yield ' <span class="says">otherwise</span>'
    else:
        yield "<ul>\n"
        yield from _condition(branch.when)
        yield "</ul>"
    yield "</li>\n"


def _condition(condition: WhyCondition) -> Iterator[str]:
    said, shown = condition.said, condition.shown(most=None)
    yield _sign(condition.held)
    yield f'<span class="says">{escaped(said)}</span>' if isinstance(said, str) else _spot(said)
    if shown.reasons.these:
        reasons = "".join(f"<li>{escaped(reason)}</li>" for reason in shown.reasons.these)
        yield f'<ul class="reasons">{reasons}</ul>'
    if shown.places.these:
        spots, more = "; ".join(map(_spot, shown.places.these)), shown.places.left_out
        yield f'<ul class="where"><li>{spots}{f" and {more:,} more" if more else ""}</li></ul>'
    if shown.parts.these:
        yield "<ul>\n"
        for inner in shown.parts.these:
            yield from _condition(inner)
        yield f"<li>and {shown.parts.left_out:,} more</li>" if shown.parts.left_out else ""
        yield "</ul>"
    yield "</li>\n"


def _sign(held: bool | None) -> str:
    kind, said = _HELD[held]
    return (
        f'<li class="{kind}"><span class="sign" aria-hidden="true">{SIGNS[held]}</span>'
        f'<span class="said">{said}</span>'
    )


def _spot(witness: Witness) -> str:
    return f"{witness.line}:{witness.column} <q>{in_short(witness.text)}</q>"
