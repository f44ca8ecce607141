"use strict";
(function () {
  const svg = document.querySelector("svg.pmp");
  const all = Array.from(svg.querySelectorAll(".box"));
  const ROW = 18, TOP = Number(svg.dataset.top), CHAR = 7.25, EDGE = 10;
  const about = svg.querySelector(".about"), found = svg.querySelector(".found"), bottom = svg.querySelector(".bottom"),
    legend = svg.querySelector(".legend");
  const boxes = all.map((g) => {
    const rect = g.firstElementChild.nextElementSibling, text = rect.nextElementSibling;
    return { g, rect, text, name: g.dataset.name, told: g.firstElementChild.textContent,
             at: Number(g.dataset.at), size: Number(g.dataset.size), depth: Number(g.dataset.depth) };
  });
  const depths = boxes.reduce((most, box) => Math.max(most, box.depth), 0) + 1;
  let zoomed = boxes[0], flipped = svg.dataset.flame === "1", pattern = null;

  function height() { return Math.max(TOP + depths * ROW + 40, window.innerHeight); }

  function fit(text, width) {
    const room = Math.floor((width - 6) / CHAR), letters = Array.from(text);
    if (room < 3) return "";
    return letters.length <= room ? text : letters.slice(0, room - 1).join("") + "\u2026";
  }

  function draw() {
    const wide = Math.max(300, svg.parentNode === document ? window.innerWidth : svg.getBoundingClientRect().width || 1200);
    const scale = (wide - 2 * EDGE) / zoomed.size, end = zoomed.at + zoomed.size;
    svg.setAttribute("viewBox", "0 0 " + wide + " " + height());
    svg.setAttribute("width", wide);
    svg.setAttribute("height", height());
    for (const box of boxes) {
      const isAbove = box.depth < zoomed.depth && box.at <= zoomed.at && box.at + box.size >= end;
      const isBelow = box.depth >= zoomed.depth && box.at >= zoomed.at && box.at + box.size <= end;
      const x = isAbove ? EDGE : EDGE + (box.at - zoomed.at) * scale, width = isAbove ? wide - 2 * EDGE : box.size * scale;
      const away = !(isAbove || isBelow) || width < 0.3;
      box.g.classList.toggle("away", away);
      box.g.classList.toggle("above", isAbove);
      if (away) continue;
      const y = TOP + (flipped ? depths - 1 - box.depth : box.depth) * ROW;
      box.rect.setAttribute("x", x.toFixed(2));
      box.rect.setAttribute("y", y);
      box.rect.setAttribute("width", width.toFixed(2));
      box.text.setAttribute("x", (Math.max(x, EDGE) + 4).toFixed(2));
      box.text.setAttribute("y", y + ROW / 2);
      box.text.textContent = fit(box.name, width);
    }
    about.setAttribute("y", TOP + depths * ROW + 22);
    bottom.setAttribute("y", TOP + depths * ROW + 22);
    bottom.setAttribute("x", wide - EDGE);
    legend.setAttribute("transform", "translate(" + (wide - EDGE) + ", 18)");
  }

  function matcher(term) {
    if (!term) return null;
    try {
      const expression = new RegExp(term, "i");
      return (name) => expression.test(name);
    } catch (error) {
      return (name) => name.toLowerCase().includes(term.toLowerCase());
    }
  }

  /* What lies in a box that was found already does not count again. */
  function search(term) {
    pattern = matcher(term);
    let sum = 0, until = -1, count = 0;
    const hits = [];
    for (const box of boxes) {
      const hit = pattern !== null && box !== boxes[0] && pattern(box.name);
      box.g.classList.toggle("hit", hit);
      if (hit) hits.push(box);
    }
    hits.sort((a, b) => a.at - b.at || b.size - a.size);
    for (const box of hits) {
      count++;
      if (box.at < until) continue;
      sum += box.size;
      until = box.at + box.size;
    }
    found.textContent = pattern === null ? "" : count + " found: " + (100 * sum / boxes[0].size).toFixed(1) + " %";
  }

  function zoom(box) { zoomed = box; draw(); }

  function control(kind, label, act) {
    const element = document.createElementNS("http://www.w3.org/1999/xhtml", kind);
    if (kind === "button") {
      element.textContent = label;
      element.addEventListener("click", act);
    } else {
      element.setAttribute("placeholder", label);
      element.setAttribute("aria-label", label);
      element.setAttribute("size", 22);
      element.addEventListener("input", () => act(element.value));
    }
    return element;
  }

  const place = document.createElementNS("http://www.w3.org/2000/svg", "foreignObject");
  const row = document.createElementNS("http://www.w3.org/1999/xhtml", "div");
  const field = control("input", "search (/)", search);
  const clear = () => { field.value = ""; search(""); zoom(boxes[0]); };
  row.append(field, control("button", "reset", clear), control("button", "flip", () => { flipped = !flipped; draw(); }));
  for (const [name, value] of [["x", EDGE], ["y", 32], ["width", 460], ["height", 30]]) place.setAttribute(name, value);
  place.append(row);
  svg.append(place);
  found.setAttribute("x", EDGE + 380);

  for (const box of boxes) {
    box.g.addEventListener("click", () => zoom(box));
    box.g.addEventListener("mouseenter", () => { about.textContent = box.told.split("\n").slice(0, 2).join("  \u00b7  "); });
    box.g.addEventListener("mouseleave", () => { about.textContent = ""; });
  }
  window.addEventListener("resize", draw);
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { clear(); field.blur(); }
    if (event.key === "/" && document.activeElement !== field) { field.focus(); event.preventDefault(); }
  });
  window.pmp = { search, zoom: (name) => zoom(boxes.find((box) => box.name === name)), reset: clear, boxes };
  draw();
}());
