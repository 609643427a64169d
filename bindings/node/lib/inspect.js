// Events and answers are plain objects, but printed they show no text and no whole number.
"use strict";

const { inspect } = require("node:util");
const native = require("./native.js");

const PRINTED = {
  value(_depth, options) {
    return inspect(JSON.parse(native().masked(JSON.stringify(this))), options);
  },
  // Neither JSON, nor a copy, nor a comparison sees it.
  enumerable: false,
  configurable: true,
  writable: true,
};

function masked(object) {
  return Object.defineProperty(object, inspect.custom, PRINTED);
}

// A file that a user sent: its name and its type are foreign, too.
const PRINTED_FILE = {
  ...PRINTED,
  value(_depth, options) {
    const { content_type, filename, bytes } = this;
    const shown = {
      content_type: length(content_type),
      filename: length(filename),
      bytes: `[${bytes?.length} bytes]`,
    };
    return inspect(shown, options);
  },
};

function length(text) {
  return typeof text === "string" ? `[${[...text].length} characters]` : null;
}

// Hides the fields of `object` whose words, which came from elsewhere, do not look like words: they stay
// reachable, but in no printed form. Gives their names.
function hideForeign(object, names) {
  const foreign = names.filter((name) => isForeign(object[name]));
  for (const name of foreign) {
    Object.defineProperty(object, name, { enumerable: false });
  }
  return foreign;
}

function isForeign(word) {
  return typeof word === "string" && native().plainWord(word) !== word;
}

// Gives an ellipsis to print for each of them.
function ellipses(foreign) {
  return Object.fromEntries(foreign.map((name) => [name, "…"]));
}

// Hides them in a plain object, which then prints an ellipsis for each.
function maskedWords(object, names) {
  const foreign = hideForeign(object, names);
  if (foreign.length === 0) {
    return object;
  }
  return Object.defineProperty(object, inspect.custom, {
    ...PRINTED,
    value(_depth, options) {
      return inspect({ ...this, ...ellipses(foreign) }, options);
    },
  });
}

function maskedFile(file) {
  return Object.defineProperty(file, inspect.custom, PRINTED_FILE);
}

module.exports = { ellipses, hideForeign, masked, maskedFile, maskedWords };
