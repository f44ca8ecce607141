// Opens a file in speedscope's page, which is in speedscope's package:
//   node browse_speedscope.js CHROMIUM PROFILE-FOLDER PAGE FILE [SCREENSHOT-PREFIX]
// PAGE is speedscope's index.html. Prints one JSON object: the page's title and text.
"use strict";
const fs = require("fs");
const path = require("path");
const { browse } = require("./browser.js");

const [chromium, folder, home, file, picture] = process.argv.slice(2);

async function inspect(page) {
  // Pass the file in a script, as speedscope's command does.
  const script = path.join(folder, "profile.js");
  fs.writeFileSync(script, "speedscope.loadFileFromBase64(" + JSON.stringify(path.basename(file)) + ", "
    + JSON.stringify(fs.readFileSync(file).toString("base64")) + ")");
  await page.open("file://" + home + "#localProfilePath=" + encodeURIComponent(script));
  const text = "document.body.innerText";
  for (let tries = 0; tries < 100 && !(await page.eval("/Time Order/.test(" + text + ")")); tries++)
    await page.eval("new Promise((done) => setTimeout(done, 50))");
  await page.eval("new Promise((done) => setTimeout(done, 300))");
  await page.picture(picture);
  return { title: await page.eval("document.title"), text: await page.eval(text) };
}

browse(chromium, folder, [], inspect);
