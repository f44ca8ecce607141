// Drives a page in headless Chromium over the DevTools protocol and Node's WebSocket. The programs
// browse_*.js use it.
"use strict";
const { spawn } = require("child_process");
const fs = require("fs");

const FLAGS = ["--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--remote-debugging-port=0", "--window-size=" + (process.env.WINDOW || "1200,900")];

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

  async open(url) {
    await this.call("Page.enable");
    await this.call("Runtime.enable");
    const loaded = this.event("Page.loadEventFired");
    await this.call("Page.navigate", { url });
    await loaded;
  }

  async picture(path) {
    if (!path) return;
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    fs.writeFileSync(path + ".png", Buffer.from(data, "base64"));
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

// Runs inspect(page), and prints its result as JSON. Exits with 1 if it throws.
async function browse(chromium, folder, flags, inspect) {
  const browser = spawn(chromium, FLAGS.concat(flags, "--user-data-dir=" + folder, "about:blank"), {
    stdio: ["ignore", "ignore", "pipe"], env: Object.assign({}, process.env, { TMPDIR: folder }) });
  const end = new Promise((resolve) => browser.on("exit", resolve));
  let code = 0;
  try {
    const page = await connect(browser);
    console.log(JSON.stringify(Object.assign(await inspect(page), { errors: page.errors })));
  } catch (error) {
    console.error(String(error));
    code = 1;
  }
  browser.kill();
  await end;
  process.exit(code);
}

module.exports = { browse };
