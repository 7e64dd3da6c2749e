"""A profile as one HTML page: a bar for each gate, split by what its time went into, and figures.

The page loads nothing and runs no script, which its content policy enforces. The bars are SVG, so
that it needs no inline style either.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final

from gatecore.output.html.marks import escaped
from gatecore.profiling import GateProfile, PatternProfile, Profile
from gatecore.text import plural

__all__ = ["render_profile"]

#: What a bar is split into, in order, with its class.
_PARTS: Final = (
    ("shared", "shared by all gates"),
    ("automata", "automata"),
    ("re", "re"),
    ("rules", "rules"),
    ("python", "Python"),
)
_WIDTH: Final = 460
_NAMES: Final = 240
_ROW: Final = 26
_LISTED: Final = 10
"""Patterns of a gate."""

_STYLE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0;
  --shared: #8a94a0; --automata: #2f6fd0; --re: #c4320a; --rules: #1a8f63; --python: #b07a00; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e4e8ec; --soft: #9aa5b1;
  --line: #343c45; --shared: #77828e; --automata: #6ea3f0; --re: #ff8a65; --rules: #4cc38a;
  --python: #e0b040; } }
* { box-sizing: border-box; }
body { margin: auto; padding: 1rem; max-width: 75rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 1.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; } p { margin: .3rem 0; max-width: 80ch; }
.dim { color: var(--soft); font-size: .875rem; }
.warning { border-left: 3px solid var(--re); padding-left: .6rem; }
.wide { overflow-x: auto; }
svg { display: block; max-width: 100%; height: auto; font: 13px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .figure { fill: var(--soft); }
.shared { fill: var(--shared); } .automata { fill: var(--automata); } .re { fill: var(--re); }
.rules { fill: var(--rules); } .python { fill: var(--python); }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
td.pattern { font-family: ui-monospace, monospace; white-space: normal; text-align: left;
  overflow-wrap: anywhere; min-width: 18rem; }
"""


def render_profile(
    profile: Profile, *, top: int = 20, advice: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The page about a profile; write it as UTF-8.

    Args:
        profile: The profile.
        top: Gates that are shown one by one; the others are one bar.
        advice: More to say about gates, by `module/gate`, such as what `lint` says.

    >>> from gatecore import modules
    >>> from gatecore.profiling import profile
    >>> found = profile(modules.load("gdpr_uk").gates, ["We ask for consent."], rounds=2)
    >>> page = render_profile(found)
    >>> page.startswith("<!doctype html>"), "shared pass" in page, "<script" in page
    (True, True, False)
    """
    return "".join(_page(profile, top, advice or {}))


def _page(profile: Profile, top: int, advice: Mapping[str, Sequence[str]]) -> Iterator[str]:
    digest = base64.b64encode(sha256(_STYLE.encode("ascii")).digest()).decode("ascii")
    policy = f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
    shown = profile.gates[:top]
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Profile of {plural(len(profile.gates), 'gate')} – gatecore</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Profile of {plural(len(profile.gates), 'gate')}</h1>\n"
    )
    yield f'<p class="dim">{escaped(facts(profile))}</p>\n'
    yield f"<p>{escaped(attribution(profile))}</p>\n"
    if profile.warning:
        yield f'<p class="warning">{escaped(profile.warning)}</p>\n'
    yield '<h2>Where the time goes</h2>\n<div class="wide">\n'
    yield from _bars(profile, shown)
    yield "</div>\n<h2>The gates</h2>\n"
    yield '<div class="wide">\n'
    yield from _table(profile, shown)
    yield "</div>\n"
    for gate in shown:
        yield from _gate(gate, advice.get(gate.name, ()))
    yield "</body>\n</html>\n"


def facts(profile: Profile) -> str:
    """What was measured, on what."""
    said = profile.machine
    on = ", ".join(
        filter(
            None,
            [
                said.get("processor", ""),
                f"{said['cores']} cores" if "cores" in said else "",
                f"load {said['load']}" if "load" in said else "",
                f"Python {said['python']}" if "python" in said else "",
            ],
        )
    )
    each = profile.seconds / max(profile.rounds * profile.documents, 1)
    return (
        f"{profile.kind}: {plural(profile.documents, 'document')}, "
        f"{plural(profile.characters, 'character')}, {profile.rounds:,} rounds, "
        f"{in_unit(each)} a document; the rows add up to {profile.accounted:.1%} of the wall "
        f"time. {on}"
    )


def attribution(profile: Profile) -> str:
    """To whom the shared pass is attributed."""
    if profile.kind == "python gates":
        return "Each gate asks re by itself: there is no shared pass."
    if profile.is_exact:
        return (
            "The shared pass is a row of its own. With and without: what the set takes longer with "
            "the gate than without it, shared pass included, measured by leaving it out."
        )
    return "The shared pass is a row of its own and attributed to no gate; --exact does that."


def in_unit(seconds: float) -> str:
    """Seconds for people, with three digits.

    >>> in_unit(0.0000123), in_unit(-0.0021), in_unit(2.5), in_unit(0.12345), in_unit(4e-10)
    ('12.3 µs', '-2.10 ms', '2.50 s', '123 ms', '0.00 µs')
    """
    for unit, size in (("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)):
        value = seconds / size
        if abs(value) < 999.5 or unit == "s":
            break
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:,.{digits}f} {unit}"


def _split(gate: GateProfile) -> dict[str, float]:
    return {
        "automata": gate.confirmation,
        "re": gate.re,
        "rules": gate.rules,
        "python": gate.python,
    }


def _bars(profile: Profile, shown: Sequence[GateProfile]) -> Iterator[str]:
    rows: list[tuple[str, dict[str, float]]] = [
        (name, {"shared": seconds}) for name, seconds in profile.shared.items()
    ]
    rows += [(gate.name, _split(gate)) for gate in shown]
    others = profile.gates[len(shown) :]
    if others:
        together = {
            name: sum(_split(gate)[name] for gate in others)
            for name, _ in _PARTS
            if name != "shared"
        }
        rows.append((plural(len(others), "other gate"), together))
    longest = max((sum(parts.values()) for _, parts in rows), default=0.0) or 1.0
    height = _ROW * len(rows) + 30
    width = _NAMES + _WIDTH + 150
    yield (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-label="Time by gate; the table below has the figures">\n'
    )
    at = _NAMES
    for name, label in _PARTS:
        yield f'<rect class="{name}" x="{at}" y="4" width="12" height="12"/>'
        yield f'<text x="{at + 17}" y="15">{label}</text>\n'
        at += 40 + 7 * len(label)
    for number, (name, parts) in enumerate(rows):
        top = 30 + number * _ROW
        total = sum(parts.values())
        yield f'<text x="{_NAMES - 8}" y="{top + 14}" text-anchor="end">{_short(name)}</text>'
        at_x = float(_NAMES)
        for part, label in _PARTS:
            size = _WIDTH * parts.get(part, 0.0) / longest
            if size > 0.05:
                yield (
                    f'<rect class="{part}" x="{at_x:.1f}" y="{top}" width="{size:.1f}" height="18">'
                    f"<title>{escaped(name)}: {label} {in_unit(parts[part])}</title></rect>"
                )
            at_x += size
        share = total / profile.seconds if profile.seconds else 0.0
        yield f'<text class="figure" x="{at_x + 6:.1f}" y="{top + 14}">{share:.1%}</text>\n'
    yield "</svg>\n"


def _short(name: str) -> str:
    return escaped(name if len(name) <= 34 else f"…{name[-33:]}")


def _table(profile: Profile, shown: Sequence[GateProfile]) -> Iterator[str]:
    heads = [
        "gate",
        "share",
        "typical",
        "mean",
        "p50",
        "p95",
        "p99",
        "max",
        "with a match",
        "without",
    ]
    heads += ["automata", "re", "rules", "Python", "findings"]
    if profile.is_exact:
        heads.append("with and without")
    yield "<table>\n<thead><tr>" + "".join(f"<th scope=col>{head}</th>" for head in heads)
    yield "</tr></thead>\n<tbody>\n"
    for name, seconds in profile.shared.items():
        yield f"<tr><td>{escaped(name)}</td><td>{profile.share(name):.1%}</td>"
        each = seconds / max(profile.rounds * profile.documents, 1)
        yield f"<td></td><td>{in_unit(each)}</td>{'<td></td>' * (len(heads) - 4)}</tr>\n"
    for gate in shown:
        told = gate.quantiles
        cells = [f"{gate.share:.1%}", in_unit(gate.typical), in_unit(gate.mean)]
        cells += [in_unit(one) for one in (told.p50, told.p95, told.p99, told.maximum)]
        cells += [
            f"{in_unit(times.mean)} × {times.count:,}" if times.count else "–"
            for times in (gate.shown, gate.silent)
        ]
        whole = gate.seconds or 1.0
        cells += [f"{part / whole:.0%}" for part in _split(gate).values()]
        cells.append(f"{gate.hits:,}")
        if profile.is_exact:
            one = gate.marginal
            cells.append(
                f"{in_unit(one.value)} ({in_unit(one.low)} to {in_unit(one.high)})"
                if one
                else "not asked for"
            )
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        yield f"<tr><td>{escaped(gate.name)}</td>{row}</tr>\n"
    yield "</tbody>\n</table>\n"


def _gate(gate: GateProfile, advice: Sequence[str]) -> Iterator[str]:
    yield f"<h3>{escaped(gate.name)}</h3>\n"
    if gate.reason:
        yield f"<p>{escaped(gate.reason)}.</p>\n"
    for said in advice:
        yield f'<p class="dim">{escaped(said)}</p>\n'
    listed = [one for one in gate.patterns if one.worked.count][:_LISTED]
    if not listed:
        return
    yield '<div class="wide">\n<table>\n<thead><tr><th class="text" scope=col>pattern</th>'
    for head in ("group", "route", "time", "asked", "matched", "with work", "re"):
        yield f"<th scope=col>{head}</th>"
    yield "</tr></thead>\n<tbody>\n"
    for one in listed:
        yield from _pattern(one)
    yield "</tbody>\n</table>\n</div>\n"


def _pattern(one: PatternProfile) -> Iterator[str]:
    yield f'<tr><td class="pattern">{escaped(one.pattern)}</td><td>{escaped(one.group)}</td>'
    yield f"<td>{one.route}</td><td>{in_unit(one.worked.seconds)}</td><td>{one.questions:,}</td>"
    yield f"<td>{one.matches:,}</td><td>{one.worked.count:,}</td>"
    yield f"<td>{one.asked_of_re:,}</td></tr>\n"
