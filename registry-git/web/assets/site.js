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

const form = document.querySelector("form[data-everything]");
if (form) searchAsTyped(form);

function searchAsTyped(form) {
  const words = form.elements.q, kind = form.elements.kind, list = document.getElementById("results"), status = document.getElementById("found");
  let everything = null;
  const asked = new URLSearchParams(location.search);
  if (asked.get("q")) words.value = asked.get("q");
  if (asked.get("kind")) kind.value = asked.get("kind");
  const load = () => everything ??= fetch(form.dataset.everything).then(answer => answer.ok ? answer.json() : { packages: [] });
  const show = async () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean), chosen = kind.value;
    if (!wanted.length && !chosen) return;
    const { packages } = await load();
    const fits = packages.filter(one => (!chosen || one.kind === chosen) && wanted.every(word => haystack(one).includes(word)));
    status.textContent = fits.length === 1 ? "1 package" : `${fits.length} packages`;
    list.replaceChildren(...fits.slice(0, 50).map(one => hit(one, form.dataset.top)));
  };
  const haystack = one => one.haystack ??= [one.name, one.description, ...one.tools].join(" ").toLowerCase();
  form.addEventListener("input", show);
  form.addEventListener("submit", event => { event.preventDefault(); show(); });
  show();
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
