// Chromium as a person uses the demo: signs in, counts, looks at the chain, signs out, goes back, is attacked.
//
//   ENFILADE_BIN       the binary            ENFILADE_CLIENTS   the folder that has playwright-core
//   CHROMIUM           the browser           pictures go to     target/page*.png
//
// The steps are one story: each starts where the one before ended. No step needs a script in our pages.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const folder = process.env.ENFILADE_CLIENTS ?? "target/clients";
const pictures = dirname(folder);
const { chromium } = createRequire(join(folder, "package.json"))("playwright-core");

/** The demo, started and read: see demo.py for what its lines look like. */
class Demo {
  static async start(listen = "127.0.0.1:0", ...options) {
    const demo = Object.assign(new Demo(), { users: [], log: "" });
    const binary = process.env.ENFILADE_BIN ?? "target/debug/enfilade";
    demo.process = spawn(binary, ["--listen", listen, ...options], { env: { ...process.env, NO_COLOR: "1" } });
    demo.process.stderr.on("data", (data) => (demo.log += data));
    let said = "";
    await new Promise((resolve, reject) => {
      demo.process.stdout.on("data", (data) => {
        said += data;
        demo.url = said.match(/^\s+url\s+(http:\S+?)\/?$/m)?.[1];
        demo.users = [...said.matchAll(/^\s+user\s+(\S+)\s+(\S+)/gm)].map(([, name, password]) => ({ name, password }));
        if (demo.url && demo.users.length >= 2 && /^\s+token\s+\S+\n/m.test(said)) resolve();
      });
      demo.process.on("exit", () => reject(new Error(`the demo ended: ${said}${demo.log}`)));
    });
    return demo;
  }

  async stop() {
    this.process.removeAllListeners("exit");
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }
}

/** A site that is not ours, with whatever page a test needs. */
async function stranger() {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(server.page ?? "<!doctype html><title>another site</title>");
  });
  server.listen(0);
  await once(server, "listening");
  server.port = server.address().port;
  return server;
}

const PATIENCE = 60_000;
let passed = 0;
let failed = 0;
async function step(name, check) {
  let late;
  const patience = new Promise((_, reject) => {
    late = setTimeout(() => reject(new Error(`nothing happened for ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    await Promise.race([check(), patience]);
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n        ${String(error.stack ?? error).replaceAll("\n", "\n        ")}`);
  } finally {
    clearTimeout(late);
  }
}

let demo = await Demo.start();
const port = new URL(demo.url).port;
const other = await stranger();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  chromiumSandbox: process.getuid() !== 0,
  args: [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
context.setDefaultTimeout(20_000);
const page = await context.newPage();

const text = () => page.locator("body").innerText();
const atSignIn = async () => assert.equal(await page.locator("input[type=password]").count(), 1, await text());
const visits = async () => {
  const found = (await text()).match(/(\d+)(?:st|nd|rd|th)?\s+(?:visit|time)|visits?\D{0,20}(\d+)/i);
  assert.ok(found, `no counter in: ${await text()}`);
  return Number(found[1] ?? found[2]);
};
async function signIn(on = page, user = demo.users[0]) {
  await on.locator("input[type=password]").fill(user.password);
  await on.locator("input:not([type=password]):not([type=hidden])").first().fill(user.name);
  await Promise.all([on.waitForNavigation(), on.locator("form button, form input[type=submit]").first().click()]);
}
const signedIn = async () => assert.ok((await text()).includes(demo.users[0].name), await text());
async function fits(width, what) {
  await page.setViewportSize({ width, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${what} is ${wide} px wide in a window of ${width} px`);
}
/** The least contrast of any text on the page, by WCAG's formula; what has no colour of its own has the page's. */
const leastContrast = () =>
  page.evaluate(() => {
    const parse = (colour) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
      const paint = canvas.getContext("2d");
      paint.fillStyle = colour;
      paint.fillRect(0, 0, 1, 1);
      return [...paint.getImageData(0, 0, 1, 1).data];
    };
    const light = ([r, g, b]) => {
      const linear = [r, g, b].map((c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return parse("canvas");
    };
    let least = { ratio: 21 };
    for (const element of document.querySelectorAll("body *")) {
      const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
      if (!own || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const colour = element instanceof SVGElement ? style.fill : style.color;
      const [a, b] = [light(parse(colour)), light(ground(element))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < least.ratio) least = { ratio, text: element.textContent.trim().slice(0, 40), colour };
    }
    return least;
  });
async function readable(what) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const least = await leastContrast();
    assert.ok(least.ratio >= 4.5, `${what}, ${colorScheme}: ${JSON.stringify(least)}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

await step("a page load shows the sign-in page, and no dialog of the browser's", async () => {
  await page.goto(demo.url);
  await atSignIn();
});

await step("the sign-in page is labelled, readable and fits a small phone", async () => {
  assert.ok(await page.locator("html[lang]").count());
  assert.ok(await page.title());
  assert.equal(await page.locator("h1").count(), 1);
  for (const input of await page.locator("input:not([type=hidden])").all()) {
    assert.ok(await input.evaluate((element) => element.labels.length > 0), "a field without a label");
  }
  await readable("the sign-in page");
  await fits(320, "the sign-in page");
  await page.screenshot({ path: join(pictures, "page-sign-in.png"), fullPage: true });
  await page.setViewportSize({ width: 1200, height: 900 });
});

await step("every control of the sign-in page is reached by keyboard, with a focus that shows", async () => {
  const seen = new Set();
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const { activeElement: element } = document;
      const { outlineStyle, boxShadow } = getComputedStyle(element);
      return { name: element.name || element.tagName, shows: outlineStyle !== "none" || boxShadow !== "none" };
    });
    if (at.name !== "BODY") assert.ok(at.shows, `the focus on ${at.name} does not show`);
    seen.add(at.name);
  }
  assert.ok(seen.size >= 3, [...seen].join(", "));
});

await step("a wrong password is said on the page", async () => {
  await signIn(page, { name: demo.users[0].name, password: "wrong" });
  await atSignIn();
});

await step("signing in shows who you are and how you proved it", async () => {
  await signIn();
  await signedIn();
});

await step("the counter grows", async () => {
  const first = await visits();
  await page.reload();
  assert.equal(await visits(), first + 1);
  await page.reload();
  assert.equal(await visits(), first + 2);
});

await step("the page shows the chain for this very request, and Server-Timing the whole trail", async () => {
  const answer = await page.reload();
  const drawn = await page.locator("svg").first().textContent();
  for (const link of [/auth/i, /cookie|jar/i]) assert.match(drawn, link);
  assert.match(answer.headers()["server-timing"] ?? "", /\w+;.*(dur|desc)=/);
});

await step("the page is readable, fits a small phone, and has its pictures taken", async () => {
  await readable("the page");
  await fits(320, "the page");
  await fits(390, "the page");
  await page.screenshot({ path: join(pictures, "page-phone.png"), fullPage: true });
  await page.setViewportSize({ width: 1200, height: 900 });
  await page.screenshot({ path: join(pictures, "page.png"), fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: join(pictures, "page-dark.png"), fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
});

await step("scripts cannot read the session", async () => {
  assert.doesNotMatch(await page.evaluate(() => document.cookie), /__Host-/);
});

const signOut = () => page.locator("form[action*=out i] button, form[action*=out i] input[type=submit]").first();
const kept = await context.cookies(demo.url);
const evil = await context.newPage();

// `localhost` on another port is the same site, so the browser sends the cookie along; 127.0.0.1 is another site.
for (const host of ["localhost", "127.0.0.1"]) {
  await step(`a form posted from ${host} on another port is refused, for sign-out and for sign-in`, async () => {
    await page.goto(demo.url);
    const out = await page.locator("form[action*=out i]").first().evaluate((form) => form.action);
    const login = new URL("sign-in", out).href;
    for (const action of [out, login]) {
      other.page = `<!doctype html><form method=post action="${action}"><input name=x><button>go</button></form>`;
      await evil.goto(`http://${host}:${other.port}/`);
      const [answer] = await Promise.all([
        evil.waitForResponse((response) => response.request().method() === "POST"),
        evil.locator("button").click(),
      ]);
      assert.equal(answer.status(), 403, action);
    }
    assert.match(demo.log, /csrf\.cross-site/);
    await page.goto(demo.url);
    await signedIn();
  });

  await step(`a WebSocket handshake from ${host} on another port is refused`, async () => {
    other.page = undefined;
    await evil.goto(`http://${host}:${other.port}/`);
    const event = await evil.evaluate(
      (url) =>
        new Promise((resolve) => {
          const socket = new WebSocket(url);
          for (const name of ["open", "error"]) socket.addEventListener(name, () => resolve(name));
        }),
      `ws://localhost:${port}/`,
    );
    assert.equal(event, "error");
  });
}

await step("the log names why the handshakes with a cookie were refused", () => {
  assert.match(demo.log, /csrf\.cross-site-websocket/);
});

await step("after sign-out, Back shows nothing private", async () => {
  await page.goto(demo.url);
  await page.goto(`${demo.url}/?again`);
  await signedIn();
  await Promise.all([page.waitForNavigation(), signOut().click()]);
  assert.ok(!(await text()).includes(demo.users[0].name), await text());
  for (let i = 0; i < 2; i += 1) {
    await page.goBack();
    assert.ok(!(await text()).includes(demo.users[0].name), await text());
    assert.equal(await page.locator("svg").count(), 0, "the picture of a request that was private");
  }
});

await step("a copied cookie, replayed after sign-out, counts as absent and is removed", async () => {
  await context.clearCookies();
  await context.addCookies(kept);
  const answer = await page.goto(demo.url);
  await atSignIn();
  let set = "";
  for (let request = answer.request(); request; request = request.redirectedFrom()) {
    set += (await (await request.response()).allHeaders())["set-cookie"] ?? "";
  }
  const removed = kept.filter(({ name }) => set.includes(`${name}=;`));
  assert.ok(removed.length > 0, "no cookie was removed");
  const left = (await context.cookies(demo.url)).map(({ name }) => name);
  for (const { name } of removed) assert.ok(!left.includes(name), `${name} was not removed`);

  await context.addCookies(kept);
  const fetched = await context.request.get(demo.url, { headers: { accept: "*/*" } });
  assert.equal(fetched.status(), 401);
  assert.match(await fetched.text(), /auth\.missing/);
  assert.match(demo.log, /auth\.token-revoked/);
});

await step("after a restart the old tab shows the sign-in page, and signing in works again", async () => {
  await context.clearCookies();
  await page.goto(demo.url);
  await signIn();
  await signedIn();
  await demo.stop();
  demo = await Demo.start(`127.0.0.1:${port}`);
  await page.reload();
  await atSignIn();
  await signIn();
  await signedIn();
});

await step("everything works with scripts switched off", async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const tab = await plain.newPage();
  await tab.goto(demo.url);
  await signIn(tab);
  assert.match(await tab.content(), new RegExp(demo.users[0].name));
  await plain.close();
});

await browser.close();
await demo.stop();
other.close();
console.log(`browser: ${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed ? 1 : 0);
