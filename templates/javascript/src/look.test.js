import assert from "node:assert/strict";
import { test } from "node:test";
import { places, valueAt } from "./look.js";

const value = { items: [{ price: 2 }, { price: 3 }], note: null };

test("places come from the outside to the inside", () => {
  const paths = places(value).map(({ path, kind }) => `${path}:${kind}`);
  assert.deepEqual(paths, [":object", "items:array", "note:null", "items.0:object", "items.0.price:number"]);
});

test("a path leads to a value, or to nothing", () => {
  assert.equal(valueAt(value, "items.1.price"), 3);
  assert.equal(valueAt(value, ""), value);
  for (const path of ["items.2", "note.x", "constructor", "items.0.price.x"]) assert.equal(valueAt(value, path), undefined);
});
