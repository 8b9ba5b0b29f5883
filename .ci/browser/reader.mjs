// A browser that reads the site: one context for each way of reading, and what is held against every page: no request to elsewhere, no message
// of the browser, no dialog, no shift of what is read, no script of a package.

import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

export const open = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });

/** Somebody who reads the site at `base`; `way` is what playwright calls the options of a context. */
export async function reader(browser, base, way = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, reducedMotion: "reduce", ...way });
  context.setDefaultTimeout(20_000);
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(base).origin });
  const page = await context.newPage();
  const complaints = [];
  page.on("request", request => {
    if (new URL(request.url()).origin !== new URL(base).origin) complaints.push(`asked elsewhere: ${request.url()}`);
  });
  page.on("console", message => {
    if (["error", "warning"].includes(message.type())) complaints.push(`the browser says: ${message.text()}`);
  });
  page.on("pageerror", error => complaints.push(`a script fails: ${error}`));
  page.on("dialog", dialog => { complaints.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  return {
    page,
    go: async path => { await page.goto(base + path, { waitUntil: "load" }); },
    /** Throws what was complained of since the last time. */
    calm: () => {
      const all = complaints.splice(0);
      if (all.length) throw new Error(all.join("\n"));
    },
    close: () => context.close(),
  };
}

/** What axe-core holds against a page. It comes in past the page's policy, which a debugger may. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(" ")}: ${node.failureSummary.replaceAll("\n", " ")}`));
}

/** By how much what was shown moved by itself. */
export const shifted = page => page.evaluate(() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; }).observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)));
}));

/** How many pixels the page is wider than its window. */
export const too_wide = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
