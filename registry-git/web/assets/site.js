// What is nicer with a script, and works without: copying a command, and finding while one types. Asks nobody but this site.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

const form = document.querySelector("form[data-live]");
if (form) searchAsTyped(form);

function searchAsTyped(form) {
  const words = form.elements.q, kind = form.elements.kind, list = document.getElementById("results"), status = document.getElementById("found");
  const hint = status.textContent, top = form.dataset.top;
  let turn = 0, waiting, everything;
  const asked = new URLSearchParams(location.search);
  if (asked.get("q")) words.value = asked.get("q");
  if (asked.get("kind")) kind.value = asked.get("kind");

  const show = async () => {
    const mine = ++turn, q = words.value.trim(), chosen = kind.value;
    if (!q && !chosen) { list.replaceChildren(); status.textContent = asked.has("q") ? "" : hint; return; }
    let answer;
    try {
      answer = await found(q, chosen);
    } catch {
      answer = null;
    }
    // A later question may have been answered earlier.
    if (mine !== turn) return;
    if (!answer) { status.textContent = "The search does not answer right now."; return; }
    status.textContent = answer.fitting === 1 ? "1 package" : `${answer.fitting} packages`;
    list.replaceChildren(...answer.packages.slice(0, 50).map(one => hit(one, top)));
  };

  // A server answers this question. A static site has one answer to all of them, which says so, and the whole list to look through.
  const found = async (q, chosen) => {
    if (!everything) {
      const reply = await fetch(`${top}api/v1/search.json?${new URLSearchParams({ q, kind: chosen })}`);
      const answer = reply.ok ? await reply.json() : null;
      if (!answer || (answer.asked.q === q && (answer.asked.kind ?? "") === chosen)) return answer;
      everything = fetch(`${top}api/v1/everything.json`).then(reply => reply.json());
    }
    const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
    const packages = (await everything).packages.filter(one => (!chosen || one.kind === chosen) && wanted.every(word => haystack(one).includes(word)));
    return { fitting: packages.length, packages };
  };
  const haystack = one => one.haystack ??= [one.name, one.description, ...one.tools].join(" ").toLowerCase();
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 120); });
  form.addEventListener("submit", event => { event.preventDefault(); clearTimeout(waiting); show(); });
  // The server has answered what the address asks; a static site has not.
  if ((words.value || kind.value) && !list.children.length) show();
}

function hit(one, top) {
  const item = element("li", "card hit"), title = element("a", "title", one.name);
  const [namespace, name] = one.name.split(":");
  title.href = `${top}packages/${namespace}/${name}/`;
  const line = element("p", "meta", `${one.version} · ${one.kind}`), tags = element("ul", "tags");
  for (const tool of one.tools.slice(0, 8)) tags.append(element("li", "tag", tool));
  if (one.deprecated) tags.append(element("li", "tag warn", "deprecated"));
  if (one.blocked) tags.append(element("li", "tag bad", "blocked"));
  item.append(title, line, element("p", "", one.description), tags);
  return item;
}

function element(kind, classes, text) {
  const made = document.createElement(kind);
  if (classes) made.className = classes;
  if (text) made.textContent = text;
  return made;
}
