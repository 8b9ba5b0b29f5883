// The tool as an agent sees it: one function for each function in `wit/world.wit`, which says what they promise. What is thrown is the
// tool's own error.

import { places, valueAt } from "./look.js";

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw `the text is no JSON: ${error.message}`;
  }
}

export const json = {
  shape: (text) => places(parsed(text)),

  valueAt(text, path) {
    const found = valueAt(parsed(text), path);
    if (found === undefined) throw `there is nothing at \`${path}\``;
    return JSON.stringify(found);
  },
};
