"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const blocks = Array.from(document.querySelectorAll("details.change"), el => ({ el, text: null }));
  const sections = Array.from(document.querySelectorAll("section.group"));
  const chosen = { action: new Set(), kind: new Set() };

  const fits = b => {
    const { action, kind } = b.el.dataset;
    if (chosen.action.size && !chosen.action.has(action)) return false;
    if (chosen.kind.size && !chosen.kind.has(kind)) return false;
    b.text ??= b.el.textContent.toLowerCase();
    return search.value.toLowerCase().split(/\s+/).every(word => b.text.includes(word));
  };
  const filter = () => {
    let n = 0;
    for (const b of blocks) {
      b.el.hidden = !fits(b);
      if (!b.el.hidden) n++;
    }
    for (const s of sections) s.hidden = !s.querySelector("details.change:not([hidden])");
    shown.textContent = n === blocks.length ? "" : `${n} of ${blocks.length} shown`;
  };
  // A link can choose: #q=words&action=destroy,replace&kind=pool
  const asked = new URLSearchParams(location.hash.slice(1));
  const press = (button, on) => {
    chosen[button.dataset.by][on ? "add" : "delete"](button.dataset.value);
    button.setAttribute("aria-pressed", String(on));
  };
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 80); });
  for (const button of document.querySelectorAll("button[data-by]")) {
    button.addEventListener("click", () => {
      press(button, button.getAttribute("aria-pressed") !== "true");
      filter();
    });
    if (asked.get(button.dataset.by)?.split(",").includes(button.dataset.value)) press(button, true);
  }
  const unfold = document.getElementById("unfold");
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    for (const b of blocks) b.el.open = open;
  });
  document.addEventListener("keydown", e => {
    if (e.key === "/" && document.activeElement !== search) { e.preventDefault(); search.focus(); }
    if (e.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
  });
  search.value = asked.get("q") ?? "";
  filter();
  let before = [];
  addEventListener("beforeprint", () => {
    before = blocks.map(b => b.el.open);
    for (const b of blocks) b.el.open = true;
  });
  addEventListener("afterprint", () => blocks.forEach((b, i) => { b.el.open = before[i]; }));
})();
