// Opens a flame graph in headless Chromium and clicks through it, over the DevTools protocol and Node's own WebSocket:
//   node browser.js CHROMIUM PROFILE-FOLDER FILE.svg [SCREENSHOT-PREFIX]
// Prints one JSON object of what it saw. Exits 0 if all steps could be done; what they should have given is for the caller.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");

const [chromium, folder, file, pictures] = process.argv.slice(2);
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--window-size=1200,900", "--user-data-dir=" + folder];

class Page {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map();
    this.last = 0;
    this.errors = [];
    this.events = new Map();
    socket.onmessage = (message) => this.take(JSON.parse(message.data));
  }

  take(message) {
    if (message.id) {
      this.waiting.get(message.id)(message);
      this.waiting.delete(message.id);
    } else if (message.method === "Runtime.exceptionThrown") {
      this.errors.push(message.params.exceptionDetails.text);
    } else if (this.events.has(message.method)) {
      this.events.get(message.method)();
    }
  }

  async call(method, params = {}) {
    const id = ++this.last;
    const answer = new Promise((resolve) => this.waiting.set(id, resolve));
    this.socket.send(JSON.stringify({ id, method, params }));
    const message = await answer;
    if (message.error) throw new Error(method + ": " + message.error.message);
    return message.result;
  }

  async eval(expression) {
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }

  event(method) {
    return new Promise((resolve) => this.events.set(method, resolve));
  }

  async picture(name) {
    if (!pictures) return;
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    fs.writeFileSync(pictures + name + ".png", Buffer.from(data, "base64"));
  }
}

async function connect(browser) {
  const port = await new Promise((resolve, reject) => {
    let text = "";
    browser.stderr.on("data", (data) => {
      text += data;
      const match = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(text);
      if (match) resolve(match[1]);
    });
    browser.on("exit", () => reject(new Error("chromium has ended: " + text.slice(-500))));
  });
  const pages = await (await fetch("http://127.0.0.1:" + port + "/json")).json();
  const socket = new WebSocket(pages.find((page) => page.type === "page").webSocketDebuggerUrl);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new Error("no connection")); });
  return new Page(socket);
}

const SHOWN = "Array.from(document.querySelectorAll('.box:not(.away)'))";
const FOUND = "document.querySelector('.found').textContent";

async function look(page) {
  const seen = {};
  await page.call("Page.enable");
  await page.call("Runtime.enable");
  const begun = Date.now(), loaded = page.event("Page.loadEventFired");
  await page.call("Page.navigate", { url: "file://" + file });
  await loaded;
  seen.boxes = await page.eval("pmp.boxes.length");
  await page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  seen.opened_ms = Date.now() - begun;
  seen.names = await page.eval("pmp.boxes.slice(0, 5000).map((box) => box.name)");
  seen.scripts = await page.eval("document.querySelectorAll('script').length");
  seen.hijacked = await page.eval("typeof window.hijacked");
  seen.bottom = await page.eval("document.querySelector('.bottom').textContent");
  await page.picture("light");
  const second = "pmp.boxes[Math.min(2, pmp.boxes.length - 1)]";
  await page.eval("{ const box = pmp.boxes.reduce((best, box) => box.depth === 4 && box.size > (best ? best.size : 0) ? box : best, null) || "
    + second + "; window.wanted = box; const at = box.rect.getBoundingClientRect(); window.x = at.x + 5; window.y = at.y + 5; }");
  const x = await page.eval("window.x"), y = await page.eval("window.y");
  await page.call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  seen.hovered = await page.eval("document.querySelector('.about').textContent");
  for (const type of ["mousePressed", "mouseReleased"])
    await page.call("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
  seen.zoomed = await page.eval("({ name: wanted.name, width: Number(wanted.rect.getAttribute('width')), all: innerWidth })");
  await page.picture("zoomed");
  for (const type of ["keyDown", "keyUp"]) await page.call("Input.dispatchKeyEvent", { type, key: "Escape" });
  seen.reset = await page.eval("Number(wanted.rect.getAttribute('width'))");
  for (const type of ["keyDown", "keyUp"]) await page.call("Input.dispatchKeyEvent", { type, key: "/", text: type === "keyDown" ? "/" : undefined });
  await page.call("Input.insertText", { text: process.env.SEARCH || "work" });
  seen.found = await page.eval(FOUND);
  seen.hits = await page.eval("document.querySelectorAll('.hit').length");
  await page.picture("found");
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
  await page.picture("dark");
  await page.eval("Array.from(document.querySelectorAll('button')).find((b) => b.textContent === 'flip').click()");
  seen.flipped = await page.eval("Number(pmp.boxes[0].rect.getAttribute('y'))");
  await page.picture("flipped");
  seen.errors = page.errors;
  return seen;
}

async function main() {
  const browser = spawn(chromium, FLAGS.concat("about:blank"), {
    stdio: ["ignore", "ignore", "pipe"], env: Object.assign({}, process.env, { TMPDIR: folder }) });
  const end = new Promise((resolve) => browser.on("exit", resolve));
  try {
    const page = await connect(browser);
    console.log(JSON.stringify(await look(page)));
  } finally {
    browser.kill();
    await end;
  }
}

main().then(() => process.exit(0), (error) => { console.error(String(error)); process.exit(1); });
