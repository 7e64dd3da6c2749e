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
