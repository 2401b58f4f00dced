// Chromium replays cookies.txt, and must send what the list says; tests/kit/tests/browser.rs holds the kit's Browser to it.
//
//   node cookies.mjs [words of a name]     CHROMIUM, ENFILADE_CLIENTS as in browser.mjs
//   RECORD=1 node cookies.mjs              writes into the list what Chromium did
//
// Every name leads to two sockets on loopback, one of them with TLS; both answer by the list, and write down what came.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";

const folder = process.env.ENFILADE_CLIENTS ?? "target/clients";
const { chromium } = createRequire(join(folder, "package.json"))("playwright-core");

// What Chromium asks of its maker's servers ends here too.
const OURS = /^https?:\/\/([\w.-]+\.)?(example|test|co\.uk|localhost|[\d.]+)(:\d+)?\//;

const list = new URL("cookies.txt", import.meta.url);

/** The list as cases: `{ name, steps: [{ line, verb, rest, want }], answers: Map(url → { status, lines }) }`. */
function read(text) {
  const cases = [];
  let into;
  for (const [number, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    const word = line.split(" ", 1)[0];
    const rest = line.slice(word.length).trim();
    const at = cases.at(-1);
    if (!line || word === "#") continue;
    else if (word === "==") cases.push({ name: rest, steps: [], answers: new Map() });
    else if (word === "at") at.answers.set(rest.split(" ")[0], (into = { status: rest.split(" ")[1] ?? "200", lines: [] }));
    else if (word.endsWith(":")) into.lines.push(written(line));
    else if (word === ">" || word === "=") at.steps.at(-1).want.push(line);
    else at.steps.push({ number, verb: word, rest: written(rest), want: [] });
  }
  return cases;
}

/** `\x09` and `{x*4096}` as they are meant; `shown` is the way back. */
const written = (text) =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))).replace(/\{(.)\*(\d+)\}/g, (_, c, n) => c.repeat(n));
const shown = (text) =>
  text
    .replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replace(/(.)\1{19,}/g, (run, c) => `{${c}*${run.length}}`);

/** A browser, and the two sockets that every name of it leads to. */
class Station {
  seen = [];
  answers = new Map();

  static async open(scratch, name) {
    const station = new Station();
    const plain = net.createServer((socket) => station.serve("http", socket));
    const tlsOptions = { key: readFileSync(join(scratch, "key.pem")), cert: readFileSync(join(scratch, "cert.pem")) };
    const secure = tls.createServer(tlsOptions, (socket) => station.serve("https", socket));
    secure.on("tlsClientError", () => {});
    station.servers = [plain, secure];
    for (const server of station.servers) await once(server.listen(0, "127.0.0.1"), "listening");
    // A profile of its own: in a private window, and as Debian builds it, Chromium keeps other sites' cookies back.
    const profile = join(scratch, name);
    mkdirSync(join(profile, "Default"), { recursive: true });
    const preferences = { profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } };
    writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(preferences));
    station.context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      chromiumSandbox: process.getuid() !== 0,
      ignoreHTTPSErrors: true,
      args: [
        `--host-resolver-rules=MAP *:80 127.0.0.1:${plain.address().port}, MAP *:443 127.0.0.1:${secure.address().port}`,
        "--ignore-certificate-errors",
        "--enable-features=ShortLaxAllowUnsafeThreshold",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    station.context.setDefaultTimeout(10_000);
    return station;
  }

  async close() {
    await this.context.close();
    for (const server of this.servers) server.close();
  }

  /** One request and one answer to a connection, by hand: node's own server would refuse to send what some cases need. */
  serve(scheme, socket) {
    let got = "";
    socket.on("error", () => {});
    socket.on("data", (data) => {
      got += data.toString("latin1");
      const end = got.indexOf("\r\n\r\n");
      if (end < 0) return;
      const [first, ...lines] = got.slice(0, end).split("\r\n");
      const headers = new Map(lines.map((line) => [line.split(":", 1)[0].toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
      const body = got.slice(end + 4);
      if (body.length < Number(headers.get("content-length") ?? 0)) return;
      got = "";
      const [method, target] = first.split(" ");
      const url = `${scheme}://${headers.get("host")}${target}`;
      if (OURS.test(url) && target !== "/favicon.ico") this.seen.push({ method, url, headers, body });
      const { status, lines: said } = this.answers.get(url) ?? { status: "200", lines: [] };
      const page = "<!doctype html><title>page</title>";
      const head = [`HTTP/1.1 ${status} X`, "cache-control: no-store", "content-type: text/html", `content-length: ${page.length}`, "connection: close", ...said];
      socket.end(Buffer.from(`${head.join("\r\n")}\r\n\r\n${method === "HEAD" ? "" : page}`, "latin1"));
    });
  }
}

const scratch = mkdtempSync(join(tmpdir(), "cookies-"));
const [key, cert] = ["key", "cert"].map((name) => join(scratch, `${name}.pem`));
const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"];
execFileSync("openssl", ["req", "-x509", ...curve, "-nodes", "-keyout", key, "-out", cert, "-days", "2"], { stdio: "pipe" });
/** Puts something to press on the page, and presses it; a script that the debugger runs has a person's gesture. */
async function press(page, html) {
  const moved = page.waitForEvent("load");
  await page.evaluate((html) => {
    document.body.innerHTML = html;
    document.getElementById("go").click();
  }, html);
  await moved;
}

/** What a step does; `kept` and `see` give what they find. */
const verbs = {
  load: (page, url) => page.goto(url),
  reload: (page) => page.reload(),
  back: (page) => page.goBack(),
  // Chromium's seconds, and the kit's: it was started with a flag that makes two minutes ten seconds.
  wait: (_, seconds) => sleep(parseInt(seconds) * 1000),
  link: (page, url) => press(page, `<a id=go href="${url}">go</a>`),
  post: (page, url) => press(page, `<form method=post action="${url}"><input name=x value=1><button id=go>go</button></form>`),
  get: (page, url) => press(page, `<form action="${url}"><input name=x value=1><button id=go>go</button></form>`),
  fetch: (page, rest) => {
    const [url, ...words] = rest.split(" ");
    const options = Object.fromEntries(words.map((word) => word.split(/=(.*)/, 2)));
    if (options.type) options.headers = { "content-type": options.type };
    return page.evaluate(([url, options]) => fetch(url, options).then(() => {}, () => {}), [url, options]);
  },
  img: (page, url) =>
    page.evaluate((url) => new Promise((done) => Object.assign(new Image(), { onload: done, onerror: done, src: url })), url),
  script: (page, line) => page.evaluate((line) => void (document.cookie = line), line),
  see: async (page) => [`> [${await page.evaluate(() => document.cookie)}]`],
  kept: async (page) => {
    const session = await page.context().newCDPSession(page);
    const { cookies } = await session.send("Network.getAllCookies");
    await session.detach();
    return cookies.map(told).sort();
  },
};

function told(cookie) {
  const words = [`${cookie.name}=${cookie.value}`, `domain=${cookie.domain}`, `path=${cookie.path}`];
  if (cookie.secure) words.push("secure");
  if (cookie.httpOnly) words.push("httponly");
  if (cookie.sameSite) words.push(`samesite=${cookie.sameSite.toLowerCase()}`);
  // Chromium's clock went on since the cookie was set, a little.
  if (!cookie.session) words.push(`max-age=${Math.round((cookie.expires - Date.now() / 1000) / 10) * 10}`);
  return `= ${words.join("; ")}`;
}

/** A request in the list's words. */
function line({ method, url, headers, body }) {
  const parts = [`> ${method} ${url} [${headers.get("cookie") ?? ""}]`];
  const fetched = ["site", "mode", "dest", "user"].map((name) => headers.get(`sec-fetch-${name}`)).filter(Boolean);
  if (fetched.length) parts.push(fetched.join(" "));
  for (const name of ["origin", "referer", "content-type", "access-control-request-method", "access-control-request-headers"]) {
    if (headers.has(name)) parts.push(`${name}: ${headers.get(name)}`);
  }
  if (body) parts.push(`body: ${body}`);
  return shown(parts.join(" | "));
}

let passed = 0;
let failed = 0;
const only = process.argv.slice(2).join(" ");
const text = readFileSync(list, "utf8");
const lines = text.split("\n");

/** Replays a case; what Chromium did goes into `lines` as well. */
async function replay(station, { name, steps, answers }) {
  await station.context.clearCookies();
  station.answers = answers;
  const page = await station.context.newPage();
  const wrong = [];
  for (const { number, verb, rest, want } of steps) {
    station.seen = [];
    let trouble = "";
    let found;
    try {
      found = await verbs[verb](page, rest);
    } catch (error) {
      trouble = `  (${String(error.message).split("\n")[0]})`;
    }
    const got = Array.isArray(found) ? found.map(shown) : station.seen.map(line);
    lines[number] += got.map((one) => `\n  ${one}`).join("");
    if (got.join("\n") === want.join("\n")) continue;
    wrong.push([`line ${number + 1}: ${shown(`${verb} ${rest}`)}${trouble}`, "  listed", ...want, "  Chromium", ...got].join("\n      "));
  }
  await page.close();
  if (wrong.length) failed += 1;
  else passed += 1;
  console.log(`${wrong.length ? "FAILED" : "ok    "}  ${name}${wrong.map((what) => `\n    ${what}`).join("")}`);
}

// Two browsers share the work; one of them begins with what waits.
const cases = read(text).filter(({ name }) => name.includes(only));
const waits = ({ steps }) => steps.some(({ verb }) => verb === "wait");
const queue = [...cases.filter(waits), ...cases.filter((one) => !waits(one))];
async function work(name) {
  const station = await Station.open(scratch, name);
  for (let one; (one = queue.shift()); ) await replay(station, one);
  await station.close();
}
await Promise.all([work("one"), work("two")]);
if (process.env.RECORD) writeFileSync(list, lines.filter((line) => !/^\s*[>=] /.test(line)).join("\n"));

rmSync(scratch, { recursive: true, force: true });
console.log(`cookies: ${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed || !passed ? 1 : 0);
