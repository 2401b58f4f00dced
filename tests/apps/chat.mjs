// A chat by Django and Channels in Chromium: two tabs that talk, behind `enfilade run`.
//
//   ENFILADE_BIN       the binary            ENFILADE_CLIENTS   the folder that has playwright-core
//   CHROMIUM           the browser           ENFILADE_APPS      the Python environment (see __main__.py)
//
// The steps are one story: each starts where the one before ended.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { chromium } = createRequire(join(process.env.ENFILADE_CLIENTS ?? "target/clients", "package.json"))("playwright-core");
const apps = join(dirname(fileURLToPath(import.meta.url)), "frameworks");
const venv = process.env.ENFILADE_APPS ?? "target/apps";
const PATIENCE = 30_000;

let passed = 0;
let failed = 0;
async function step(name, check) {
  try {
    await check();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${String(error.stack ?? error).replaceAll("\n", "\n        ")}`);
  }
}

const options = ["run", "chat_app:app", "--app-dir", apps, "--venv", venv, "--listen", "127.0.0.1:0"];
const server = spawn(process.env.ENFILADE_BIN ?? "target/debug/enfilade", options, { env: { ...process.env, NO_COLOR: "1" } });
let said = "";
const url = await new Promise((resolve, reject) => {
  const read = (data) => {
    said += data;
    const found = said.match(/^\s+url\s+(http:\S+?)\/?$/m);
    if (found && said.includes("Ctrl-C ends it")) resolve(found[1]);
  };
  server.stdout.on("data", read);
  server.stderr.on("data", read);
  server.on("exit", () => reject(new Error(`it ended: ${said}`)));
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromiumSandbox: process.getuid() !== 0,
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
const context = await browser.newContext();
context.setDefaultTimeout(PATIENCE);

async function enter(room) {
  const tab = await context.newPage();
  await tab.goto(`${url}/room/${room}/`);
  await tab.locator("#state:not(:text('connecting'))").waitFor();
  return tab;
}
const state = (tab) => tab.locator("#state").innerText();
const log = (tab) => tab.locator("#log li").allInnerTexts();
async function say(tab, text) {
  await tab.locator("#say").fill(text);
  await tab.locator("button").click();
}
const hears = (tab, count) => tab.locator(`#log li:nth-child(${count})`).waitFor();

const [ada, bob] = [await enter("tea"), await enter("tea")];

await step("two tabs of one room are open", async () => {
  assert.deepEqual([await state(ada), await state(bob)], ["open", "open"], said);
});

await step("what one says both hear, in its order", async () => {
  for (const text of ["hello", "grüße 😀"]) await say(ada, text);
  await hears(bob, 2);
  await say(bob, "hello yourself");
  for (const tab of [ada, bob]) {
    await hears(tab, 3);
    assert.deepEqual(await log(tab), ["hello", "grüße 😀", "hello yourself"]);
  }
});

await step("two hundred messages at once arrive in their order in both", async () => {
  await ada.evaluate(() => {
    for (let i = 0; i < 200; i += 1) socket.send(JSON.stringify({ text: `number ${i}` }));
  });
  const numbers = Array.from({ length: 200 }, (_, i) => `number ${i}`);
  for (const tab of [ada, bob]) {
    await hears(tab, 203);
    assert.deepEqual((await log(tab)).slice(3), numbers);
  }
});

await step("another room hears nothing of it, and a consumer that is not async answers", async () => {
  const loud = await enter("loud");
  await say(loud, "quiet");
  await hears(loud, 1);
  assert.deepEqual(await log(loud), ["QUIET"]);
  await loud.close();
});

await step("messages are compressed, as Chromium asks", async () => {
  assert.match(await ada.evaluate(() => socket.extensions), /permessage-deflate/);
});

await step("a room that closes before it accepts is refused", async () => {
  const closed = await enter("closed");
  assert.equal(await state(closed), "closed 1006");
  await closed.close();
});

await step("a page of another site cannot join", async () => {
  const other = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html>")).listen(0);
  await once(other, "listening");
  const evil = await context.newPage();
  await evil.goto(`http://evil.localhost:${other.address().port}/`);
  const event = await evil.evaluate(
    (where) =>
      new Promise((resolve) => {
        const socket = new WebSocket(where);
        for (const name of ["open", "error"]) socket.addEventListener(name, () => resolve(name));
      }),
    `${url.replace("http", "ws")}/chat/tea/`,
  );
  assert.equal(event, "error");
  await evil.close();
  other.close();
});

await step("who leaves is missed, with the code of the close", async () => {
  await bob.evaluate(() => socket.close(4001, "enough"));
  await hears(ada, 204);
  assert.equal((await log(ada)).at(-1), "left with 4001");
  await bob.close();
});

await step("a tab that is closed is missed, too", async () => {
  const third = await enter("tea");
  await third.close();
  await hears(ada, 205);
  assert.equal((await log(ada)).at(-1), "left with 1001");
});

await step("when the server drains, the tab is told that it goes away", async () => {
  server.removeAllListeners("exit");
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ada.locator("#state:has-text('closed')").waitFor();
  assert.match(await state(ada), /closed 10(01|12)/);
  assert.deepEqual(await ended, [0, null]);
});

await browser.close();
server.kill("SIGKILL");
console.log(`chat: ${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
