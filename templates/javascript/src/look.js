// Looking into values. Knows nothing of WebAssembly: `npm test` runs it as it is.

const PLACES_MAX = 200;

export function kindOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

export function places(value) {
  const found = [];
  // A queue, not a stack of calls: the outside comes first, and a deep value is no danger.
  const waiting = [["", value]];
  for (let at = 0; at < waiting.length && found.length < PLACES_MAX; at++) {
    const [path, here] = waiting[at];
    found.push({ path, kind: kindOf(here) });
    const inside = Array.isArray(here) ? here.slice(0, 1) : here;
    if (inside === null || typeof inside !== "object") continue;
    for (const [name, next] of Object.entries(inside)) waiting.push([path === "" ? name : `${path}.${name}`, next]);
  }
  return found;
}

export function valueAt(value, path) {
  if (path === "") return value;
  return path.split(".").reduce((here, name) => {
    return here !== null && typeof here === "object" && Object.hasOwn(here, name) ? here[name] : undefined;
  }, value);
}
