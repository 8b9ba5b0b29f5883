// Reads an exported site, as a forge's page hosting gives it, in a folder of that host: `node static.mjs FOLDER`.
//
// No server of ours runs: search finds while one types, all links of the pages lead somewhere, and nothing is asked of anybody else.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { open, reader } from "./reader.mjs";

const [folder] = process.argv.slice(2);
const types = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json" };
const host = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, "http://host").pathname).replace(/^\/somebody/, "");
  const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
  try {
    const bytes = await readFile(file);
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(bytes);
  } catch {
    response.writeHead(404).end("nothing");
  }
});
await new Promise(ready => host.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${host.address().port}/somebody/`;
const browser = await open();
const { page, go, calm } = await reader(browser, base);
const expect = (holds, what) => { if (!holds) throw new Error(what); };

try {
  await go("search/");
  await page.locator("#q").pressSequentially("acme");
  // What was typed first fits more.
  await page.waitForFunction(() => document.querySelectorAll("#results > li").length === 1);
  expect((await page.locator("#results a.title").innerText()) === "acme:md", "a search finds what fits, and nothing else");
  await go("");
  await page.fill("#q", "acme md");
  await page.click("button.go");
  await page.waitForSelector("#results a.title");
  expect(await page.locator("#results > li").count() === 1, "a search from another page too");

  const seen = new Set([base]), waiting = [base];
  while (waiting.length) {
    const address = waiting.pop();
    const answer = await page.request.get(address);
    expect(answer.ok(), `${address} is ${answer.status()}`);
    if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    for (const [, link] of (await answer.text()).matchAll(/(?:href|src)="([^"#]*)/g)) {
      const next = new URL(link.replaceAll("&amp;", "&"), address);
      next.search = "";
      if (next.href.startsWith(base) && !seen.has(next.href)) { seen.add(next.href); waiting.push(next.href); }
    }
  }
  expect(seen.size > 25, `only ${seen.size} addresses were found`);
  calm();
  console.log(`ok      a static site of ${seen.size} addresses`);
} catch (error) {
  console.log(`FAILED  a static site: ${error.message}`);
  process.exitCode = 1;
}
await browser.close();
host.close();
