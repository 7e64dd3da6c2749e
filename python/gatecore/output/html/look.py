"""The look of a report as a page, and its comforts: style and script, both inside the page.

ASCII only, so that their hashes in the page's content policy hold in any encoding. The page is
whole without the script: it adds filters and keys.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SCRIPT", "STYLE"]

STYLE: Final = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #57606a; --line: #d5dae0;
  --panel: #f5f7f9; --link: #0b57c2; --critical: #a40e26; --high: #c4320a; --medium: #8a5a00;
  --low: #3c5a78; --pass: #1a6e34; --critical-bg: #ffd3d6; --high-bg: #ffdfc9;
  --medium-bg: #fff0b8; --low-bg: #dceaf7; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e4e8ec; --soft: #9aa5b1; --line: #343c45; --panel: #1d2227;
    --link: #7db4ff; --critical: #ff8f99; --high: #ffa57a; --medium: #e8bf55; --low: #9cc3e8;
    --pass: #74d08e; --critical-bg: #5c1a24; --high-bg: #5a2c12; --medium-bg: #4a3b0a;
    --low-bg: #1f3a52; } }
* { box-sizing: border-box; }
html { scroll-padding: 4.5rem 0 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: break-word; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 0; display: flex; flex-wrap: wrap; gap: .25rem .6rem;
  align-items: baseline; }
p { margin: .4rem 0; max-width: 70ch; }
ul, ol { margin: .4rem 0; padding-left: 1.4rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: .5rem; top: .5rem; background: var(--paper); padding: .5rem; z-index: 3; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
header, main, footer { padding: 1rem; max-width: 100rem; margin: auto; }
.facts { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: baseline; margin: .4rem 0;
  padding: 0; list-style: none; color: var(--soft); }
.badge { font-weight: 700; font-size: .8rem; padding: .1rem .5rem; border: 2px solid;
  border-radius: 1rem; white-space: nowrap; }
.FAIL, .UNKNOWN { color: var(--critical); } .badge.UNKNOWN { border-style: dashed; }
.WARNING { color: var(--medium); }
.PASS { color: var(--pass); } .NA { color: var(--soft); }
.bar { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .4rem .6rem;
  align-items: center; background: var(--panel); border-block: 1px solid var(--line);
  padding: .4rem 1rem; }
.bar[hidden] { display: none; }
.bar label { display: flex; gap: .3rem; align-items: center; min-width: 0; }
.bar select { max-width: 12rem; }
kbd { font: .8em ui-monospace, monospace; border: 1px solid var(--soft); border-radius: .2rem;
  padding: 0 .3em; color: var(--soft); }
.bar select, .bar button { font: inherit; padding: .2rem .5rem; min-height: 2rem; color: inherit;
  background: var(--paper); border: 1px solid var(--soft); border-radius: .3rem; }
.document + .document { border-top: 1px solid var(--line); margin-top: 1rem; }
.document { padding: .5rem 0; }
.one .document > h2, .one .document > .facts { display: none; }
.verdict { border: 1px solid var(--line); border-left: .35rem solid currentColor;
  border-radius: .3rem; margin: 0 0 .8rem; }
.verdict > * { color: var(--ink); }
.verdict > .body { padding: .7rem .9rem; }
h3 > *, .facts > * { min-width: 0; }
.gate { font-weight: 700; } .dim { color: var(--soft); font-weight: 400; font-size: .875rem; }
.advice { border-left: 3px solid var(--link); padding-left: .6rem; }
.cut { border-left: 3px solid var(--medium); padding-left: .6rem; color: var(--soft);
  font-size: .875rem; }
.gap { display: block; margin: .5rem 0; padding: .1rem .5rem; border-block: 1px dashed var(--soft);
  color: var(--soft); font-family: system-ui, sans-serif; }
.findings { list-style: none; padding: 0; }
.findings li { padding: .1rem 0; display: flex; align-items: baseline; }
.findings li > span { min-width: 0; }
.findings a { flex: none; min-width: 3.5rem; padding-right: .4rem;
  font-variant-numeric: tabular-nums; }
q, .text, .says { unicode-bidi: isolate; }
q { quotes: "\\201c" "\\201d" "\\2018" "\\2019"; }
summary { cursor: pointer; padding: .15rem 0; color: var(--link); }
.tree, .tree ul { list-style: none; padding-left: 1.1rem; font-size: .925rem; }
.tree { padding-left: 0; }
.tree ul { border-left: 1px solid var(--line); margin: .1rem 0 .1rem .45rem; padding-left: .8rem; }
.tree ul.where, .tree ul.reasons { border: 0; margin: 0; padding-left: 1.4rem;
  color: var(--soft); }
.sign { display: inline-block; width: 1.2em; font-weight: 700; }
.passed-over { color: var(--soft); }
.held > .sign { color: var(--pass); } .failed > .sign { color: var(--soft); }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; padding: 1rem;
  background: var(--panel); border: 1px solid var(--line); border-radius: .3rem;
  font: .875rem/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.hit { color: inherit; text-decoration: underline 2px; text-underline-offset: .15em;
  border-radius: 2px; }
.hit.critical { background: var(--critical-bg); text-decoration-color: var(--critical); }
.hit.high { background: var(--high-bg); text-decoration-color: var(--high); }
.hit.medium { background: var(--medium-bg); text-decoration-color: var(--medium); }
.hit.low, .hit.none { background: var(--low-bg); text-decoration-color: var(--low); }
.hit.empty { border-left: 3px solid var(--high); }
.hit.off { background: none; text-decoration: none; }
:target { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td:first-child { overflow-wrap: anywhere; min-width: 9rem; }
@media (max-width: 40rem) {
  .bar { padding: .3rem .5rem; gap: .3rem; }
  .bar label { flex: 1 1 8rem; } .bar label > span, kbd { display: none; }
  .bar select { width: 100%; max-width: none; }
  .text { font-size: .85rem; padding: .7rem; } }
@media (min-width: 64rem) {
  .columns { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 1.5rem; }
  .original { position: sticky; top: 4rem; align-self: start; }
  .original .text { max-height: calc(100vh - 8rem); overflow: auto; } }
@media print {
  .bar, .skip { display: none; }
  body { font-size: 10pt; }
  .columns { display: block; } .original { position: static; }
  .original .text { max-height: none; overflow: visible; }
  .hit { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  h3, summary { break-after: avoid; } }
"""

SCRIPT: Final = """
"use strict";
(() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const bar = document.querySelector(".bar");
  if (!bar) return;
  bar.hidden = false;
  const gate = bar.querySelector("[name=gate]");
  const severity = bar.querySelector("[name=severity]");
  const said = bar.querySelector("output");
  const order = ["none", "low", "medium", "high", "critical"];
  const verdicts = all(".verdict");
  const hits = all(".hit");
  let stops = [];
  let at = -1;
  const filter = () => {
    const least = order.indexOf(severity.value);
    const shown = new Map();
    for (const verdict of verdicts) {
      const { doc, gate: name, severity: how } = verdict.dataset;
      const on = (!gate.value || name === gate.value) && order.indexOf(how) >= least;
      verdict.hidden = !on;
      if (on) shown.set(doc + name, true);
    }
    for (const hit of hits) {
      const doc = hit.getAttribute("href").split("-")[0].slice(1);
      const on = hit.dataset.gates.split(" ").some((name) => shown.has(doc + name));
      hit.classList.toggle("off", !on);
    }
    stops = hits.filter((hit) => "start" in hit.dataset && !hit.classList.contains("off"));
    at = -1;
    said.textContent = stops.length + (stops.length === 1 ? " finding" : " findings");
  };
  const go = (step) => {
    if (!stops.length) return;
    at = stops.indexOf(document.activeElement) >= 0 ? stops.indexOf(document.activeElement) : at;
    at = at < 0 && step < 0 ? stops.length - 1 : (at + step + stops.length) % stops.length;
    stops[at].focus({ preventScroll: true });
    stops[at].scrollIntoView({ block: "center" });
    said.textContent = (at + 1) + " of " + stops.length;
  };
  const open = () => {
    const to = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let up = to; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    if (!to) return;
    const verdict = to.closest(".verdict");
    if (verdict && verdict.hidden) { gate.value = ""; severity.value = "none"; filter(); }
    to.scrollIntoView({ block: "center" });
    const link = to.matches("a") ? to : to.querySelector("a");
    if (link) link.focus({ preventScroll: true });
  };
  gate.addEventListener("change", filter);
  severity.addEventListener("change", filter);
  bar.querySelector("[name=next]").addEventListener("click", () => go(1));
  bar.querySelector("[name=previous]").addEventListener("click", () => go(-1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "n") go(1);
    else if (event.key === "p") go(-1);
  });
  window.addEventListener("hashchange", open);
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const each of opened) each.open = true;
  });
  window.addEventListener("afterprint", () => { for (const each of opened) each.open = false; });
  filter();
  open();
})();
"""
