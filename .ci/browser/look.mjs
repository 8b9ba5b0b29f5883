// Reads the site of a registry as people do, in a real browser: `node look.mjs ADDRESS PICTURES`.
//
// The registry at ADDRESS has the package `acme:md` in the versions 0.1.0 and 0.2.0, and `evil:md`, whose author wrote scripts wherever one can
// write. Pictures of the pages are left in the folder PICTURES. Ends with 1 if something does not hold, after everything was asked.

import { mkdirSync } from "node:fs";
import { open, reader, shifted, too_wide, violations } from "./reader.mjs";

const [base, pictures] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const browser = await open();

const pages = {
  home: "", search: "search/", found: "search/?q=acme", nothing: "search/?q=nothinglikethis", publishers: "namespaces/", publisher: "namespaces/acme/",
  package: "packages/acme/md/", older: "packages/acme/md/0.1.0/", difference: "packages/acme/md/0.2.0/since/0.1.0/", log: "log/",
  hostile: "packages/evil/md/", guide: "guide/", chapter: "guide/grants/", reference: "guide/reference/",
};
// The reference of every command is one long page on purpose.
const bytes_max = { reference: 512 << 10 };

const asked = [];
const ask = (name, way, question) => asked.push({ name, way, question });
const expect = (holds, what) => { if (!holds) throw new Error(what); };
const text = page => page.locator("main").innerText();

ask("a search finds by words, and the hit leads to the package", {}, async ({ page, go }) => {
  await go("");
  await page.fill("#q", "acme");
  await page.click("button.go");
  await page.waitForSelector("#results a.title");
  await page.locator("#results a.title", { hasText: "acme:md" }).click();
  await page.waitForURL("**/packages/acme/md/");
  expect((await text(page)).includes("It asks to"), "the page says what the package asks to");
});

ask("a search finds while one types, and the kind counts", {}, async ({ page, go }) => {
  await go("search/");
  await page.locator("#q").pressSequentially("acme");
  await page.waitForSelector("#results a.title");
  expect(page.url().endsWith("/search/"), "nothing was loaded anew");
  await page.selectOption("#kind", "filter");
  await page.waitForFunction(() => document.querySelectorAll("#results li").length === 0);
  await page.waitForFunction(() => document.getElementById("found").textContent.startsWith("0 packages"));
});

ask("a search that is emptied shows nothing that was not asked for", {}, async ({ page, go }) => {
  await go("search/");
  await page.locator("#q").pressSequentially("acme");
  await page.waitForSelector("#results a.title");
  await page.fill("#q", "");
  await page.waitForFunction(() => document.querySelectorAll("#results li").length === 0);
});

ask("a command is copied as it is shown", {}, async ({ page, go }) => {
  await go("packages/acme/md/0.1.0/");
  const line = page.locator(".copyable", { hasText: "mpp install" });
  await line.getByRole("button").click();
  await page.waitForFunction(() => [...document.querySelectorAll("button[data-copy]")].some(one => one.textContent === "Copied"));
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied === "mpp install acme:md@0.1.0", `copied: ${copied}`);
});

ask("a difference is one step from its package", {}, async ({ page, go }) => {
  await go("packages/acme/md/");
  await page.getByRole("link", { name: "since 0.1.0" }).first().click();
  await page.waitForURL("**/0.2.0/since/0.1.0/");
  const said = await text(page);
  expect(said.includes("It now asks to") && said.includes("read a precise clock"), said);
});

ask("all of it can be reached with the keyboard alone", {}, async ({ page, go }) => {
  await go("");
  const press = key => page.keyboard.press(key);
  const focused = () => page.evaluate(() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    return { text: one.textContent.trim(), id: one.id, seen: style.outlineStyle !== "none" && box.width > 0 && box.left >= 0 };
  });
  await press("Tab");
  expect((await focused()).text === "Skip to the content", "the first stop leads past the header");
  expect((await focused()).seen, "and can be seen");
  await press("Enter");
  await press("Tab");
  expect((await focused()).id === "q", `the next stop is the field: ${JSON.stringify(await focused())}`);
  await page.keyboard.type("acme");
  await press("Enter");
  await page.waitForSelector("#results a.title");
  for (let stops = 0; ; stops++) {
    expect(stops < 40, "a hit is never reached");
    await press("Tab");
    const stop = await focused();
    expect(stop.seen, `nobody sees where the focus is: ${JSON.stringify(stop)}`);
    if (stop.text === "acme:md") break;
  }
  await press("Enter");
  await page.waitForURL("**/packages/acme/md/");
  for (let stops = 0; ; stops++) {
    expect(stops < 80, "no button to copy is reached");
    await press("Tab");
    const stop = await focused();
    expect(stop.seen, `nobody sees where the focus is: ${JSON.stringify(stop)}`);
    if (stop.text === "Copy") break;
  }
  await press("Enter");
  await page.waitForFunction(() => document.activeElement.textContent === "Copied");
});

ask("it is read and searched without a script", { javaScriptEnabled: false }, async ({ page, go }) => {
  await go("search/");
  await page.fill("#q", "acme");
  await page.click("button.go");
  await page.waitForURL("**/search/?q=acme*");
  await page.locator("#results a.title", { hasText: "acme:md" }).click();
  await page.waitForURL("**/packages/acme/md/");
  expect(await page.locator("button[data-copy]:visible").count() === 0, "no button that does nothing");
  for (const [name, path] of Object.entries(pages)) {
    await go(path);
    expect(await page.locator("h1").count() >= 1, `${name} has a heading`);
  }
});

ask("what a hostile package says does nothing", {}, async ({ page, go }) => {
  for (const path of ["packages/evil/md/", "packages/evil/md/0.1.0/", "namespaces/evil/", "search/?q=evil", "search/?q=%3Cscript%3Ealert(1)%3C/script%3E"]) {
    await go(path);
    await page.waitForLoadState("networkidle");
    expect(await page.evaluate(() => document.scripts.length) === 1, `${path} has only the script of the site`);
    expect(await page.locator("main img, main iframe, main style, main form:not(.search), main [onerror], main [onload]").count() === 0, `${path} has an element of the package`);
    const links = await page.locator("main a").evaluateAll(all => all.map(one => one.href));
    expect(links.every(link => /^(https?:|mailto:)/.test(link) || link === ""), `${path} leads to ${links}`);
  }
  await go("packages/evil/md/");
  expect((await text(page)).includes("<script>alert(1)</script>"), "it is shown as what it is");
});

for (const scheme of ["light", "dark"]) {
  for (const [width, height] of [[1180, 900], [320, 640]]) {
    ask(`nobody is left out, ${scheme}, ${width} wide`, { colorScheme: scheme, viewport: { width, height } }, async ({ page, go }) => {
      const wrong = [];
      for (const [name, path] of Object.entries(pages)) {
        await go(path);
        if (path.includes("q=acme")) await page.waitForSelector("#results a.title");
        wrong.push(...(await violations(page)).map(one => `${name}: ${one}`));
        const wider = await too_wide(page);
        if (wider > 0) wrong.push(`${name}: ${wider} pixels wider than the window`);
        const moved = await shifted(page);
        if (moved > 0.001) wrong.push(`${name}: moved by ${moved}`);
        // Last: a picture of a whole page makes the window as tall as the page.
        await page.screenshot({ path: `${pictures}/${name}-${scheme}-${width}.png`, fullPage: name !== "reference" });
      }
      expect(wrong.length === 0, `${wrong.length} times:\n${wrong.slice(0, 20).join("\n")}`);
    });
  }
}

ask("light and dark are two", {}, async ({ page, go }) => {
  await go("");
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  expect(light !== await ground(), "the ground has one colour in both");
});

ask("text may be twice as large", { viewport: { width: 640, height: 800 } }, async ({ page, go }) => {
  for (const [name, path] of Object.entries(pages)) {
    await go(path);
    await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
    expect(await too_wide(page) <= 0, `${name} is wider than the window`);
  }
});

ask("no page is heavy", {}, async ({ page, go }) => {
  for (const [name, path] of Object.entries(pages)) {
    let bytes = 0;
    const count = async answer => { bytes += (await answer.body().catch(() => "")).length; };
    if (path.includes("?")) continue;
    page.on("response", count);
    await go(path);
    await page.waitForLoadState("networkidle");
    page.off("response", count);
    expect(bytes < (bytes_max[name] ?? 60 << 10), `${name} is ${bytes} bytes with all that it needs`);
  }
});

let failed = 0;
for (const { name, way, question } of asked) {
  const who = await reader(browser, base, way);
  try {
    await question(who);
    who.calm();
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${String(error.message ?? error).replaceAll(/^/gm, "        ")}`);
    await who.page.screenshot({ path: `${pictures}/failed-${failed}.png` }).catch(() => {});
  }
  await who.close();
}
await browser.close();
console.log(`${asked.length - failed} held, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
