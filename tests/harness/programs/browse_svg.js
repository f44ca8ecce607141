// Opens a flame graph and uses its controls:
//   node browse_svg.js CHROMIUM PROFILE-FOLDER FILE.svg [SCREENSHOT-PREFIX]
// Prints one JSON object with the state of the page after each step. The caller checks it.
"use strict";
const { browse } = require("./browser.js");

const [chromium, folder, file, pictures] = process.argv.slice(2);
const SHOWN = "Array.from(document.querySelectorAll('.box:not(.away)'))";
const FOUND = "document.querySelector('.found').textContent";

async function inspect(page) {
  const seen = {};
  const begun = Date.now();
  await page.open("file://" + file);
  seen.boxes = await page.eval("pmp.boxes.length");
  await page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  seen.opened_ms = Date.now() - begun;
  seen.names = await page.eval("pmp.boxes.slice(0, 5000).map((box) => box.name)");
  seen.scripts = await page.eval("document.querySelectorAll('script').length");
  seen.hijacked = await page.eval("typeof window.hijacked");
  seen.bottom = await page.eval("document.querySelector('.bottom').textContent");
  await page.picture(pictures && pictures + "light");
  const second = "pmp.boxes[Math.min(2, pmp.boxes.length - 1)]";
  await page.eval("{ const box = pmp.boxes.reduce((best, box) => box.depth === 4 && box.size > (best ? best.size : 0) ? box : best, null) || "
    + second + "; window.wanted = box; const at = box.rect.getBoundingClientRect(); window.x = at.x + 5; window.y = at.y + 5; }");
  const x = await page.eval("window.x"), y = await page.eval("window.y");
  await page.call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  seen.hovered = await page.eval("document.querySelector('.about').textContent");
  for (const type of ["mousePressed", "mouseReleased"])
    await page.call("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  seen.zoomed = await page.eval("({ name: wanted.name, width: Number(wanted.rect.getAttribute('width')), all: innerWidth })");
  await page.picture(pictures && pictures + "zoomed");
  for (const type of ["keyDown", "keyUp"]) await page.call("Input.dispatchKeyEvent", { type, key: "Escape" });
  seen.reset = await page.eval("Number(wanted.rect.getAttribute('width'))");
  for (const type of ["keyDown", "keyUp"]) await page.call("Input.dispatchKeyEvent", { type, key: "/", text: type === "keyDown" ? "/" : undefined });
  await page.call("Input.insertText", { text: process.env.SEARCH || "work" });
  seen.found = await page.eval(FOUND);
  seen.hits = await page.eval("document.querySelectorAll('.hit').length");
  await page.picture(pictures && pictures + "found");
  await page.eval("pmp.search('(')");
  seen.odd_search = await page.eval(FOUND);
  await page.eval("pmp.reset()");
  await page.call("Emulation.setDeviceMetricsOverride", { width: 700, height: 900, deviceScaleFactor: 1, mobile: false });
  seen.narrow = await page.eval("new Promise((done) => setTimeout(() => done(Number(pmp.boxes[0].rect.getAttribute('width'))), 200))");
  await page.call("Emulation.clearDeviceMetricsOverride");
  const ground = "getComputedStyle(document.querySelector('.ground')).fill";
  seen.light = await page.eval(ground);
  await page.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "dark" }] });
  seen.dark = await page.eval(ground);
  await page.picture(pictures && pictures + "dark");
  await page.eval("Array.from(document.querySelectorAll('button')).find((b) => b.textContent === 'flip').click()");
  seen.flipped = await page.eval("Number(pmp.boxes[0].rect.getAttribute('y'))");
  await page.picture(pictures && pictures + "flipped");
  return seen;
}

browse(chromium, folder, ["--disable-gpu"], inspect);
