"""The page's one script: scrubbing, search, and links that open what they lead to.

Without it the page says the same: the story is a picture and a table, the items are all there.
It is ASCII, holds nothing of a target's, and writes text alone, never markup.
"""

from __future__ import annotations

SCRIPT = """
"use strict";
(() => {
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  const one = (id) => document.getElementById(id);

  // A link to something that is folded unfolds it.
  const unfold = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* as it stands */ }
    if (name.startsWith("search=")) {
      one("search").value = name.slice(7);
      seek();
      one("items").scrollIntoView();
      return;
    }
    const there = name && one(name);
    if (!there) { return; }
    if (there.closest(".item")) { show(); }
    for (let at = there; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") { at.open = true; }
    }
    there.scrollIntoView();
    const to = there.tagName === "DETAILS" ? there.querySelector("summary") : there;
    to.focus({preventScroll: true});
  };

  // Search: every word has to be somewhere in an item, whatever it is that it says.
  const items = all(".item");
  let texts = null;
  const text = (item) => all(":scope > summary, :scope > .told", item)
    .map((part) => part.textContent).join(" ").toLowerCase();
  const seek = () => {
    texts = texts || items.map(text);
    const words = one("search").value.toLowerCase().split(/\\s+/).filter(Boolean);
    let found = 0;
    items.forEach((item, at) => {
      const is = words.every((word) => texts[at].includes(word));
      item.hidden = !is;
      found += is;
    });
    all(".chapter").forEach((chapter) => {
      chapter.hidden = !chapter.querySelector(".item:not([hidden])");
    });
    one("found").textContent = words.length ? `${found} of ${items.length} items` : "";
  };
  const show = () => {
    one("show-all").checked = true;
    if (one("search").value) { one("search").value = ""; seek(); }
  };
  let soon = 0;
  one("search").addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(seek, items.length > 2000 ? 250 : 60);
  });
  all(".live").forEach((part) => { part.hidden = false; });

  // The story: a cursor that goes from event to event.
  const range = one("at");
  if (range) {
    const rows = all("#events tbody tr");
    const cursor = one("cursor");
    const picture = cursor.closest("svg");
    const frame = picture.closest(".scroll");
    const number = (row, key) => Number(row.dataset[key]);
    const words = (row) => `${row.cells[0].textContent.slice(11)} ${row.cells[2].textContent}`;
    const go = (follow) => {
      const now = rows[Number(range.value)];
      const x = number(now, "x");
      const start = number(now, "start");
      const meanwhile = rows.filter((row) => row !== now
        && number(row, "start") <= start && number(row, "end") > start);
      rows.forEach((row) => row.classList.toggle("now", row === now));
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      cursor.removeAttribute("visibility");
      const said = words(now);
      range.setAttribute("aria-valuetext", said);
      one("now").textContent = said;
      one("meanwhile").textContent = meanwhile.length
        ? `meanwhile: ${meanwhile.slice(0, 8).map((row) => row.cells[2].textContent).join("; ")}`
        : "";
      if (follow && frame.scrollWidth > frame.clientWidth) {
        const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
        frame.scrollLeft = x * scale - frame.clientWidth / 2;
      }
    };
    const pick = (event) => {
      const box = picture.getBoundingClientRect();
      const x = (event.clientX - box.left) * picture.viewBox.baseVal.width / box.width;
      let best = 0;
      rows.forEach((row, at) => {
        if (Math.abs(number(row, "x") - x) < Math.abs(number(rows[best], "x") - x)) { best = at; }
      });
      range.value = best;
      go(false);
    };
    range.addEventListener("input", () => go(true));
    picture.addEventListener("click", pick);
    picture.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && event.buttons === 1) { pick(event); }
    });
    rows.forEach((row, at) => row.addEventListener("click", () => {
      range.value = at;
      go(true);
    }));
    range.value = range.dataset.first || 0;
    go(false);
  }

  addEventListener("hashchange", unfold);
  unfold();
  // The browser goes to the place of an address by itself, and takes the focus away again.
  addEventListener("load", () => setTimeout(unfold));
})();
"""
