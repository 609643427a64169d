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

function maskedFile(file) {
  return Object.defineProperty(file, inspect.custom, PRINTED_FILE);
}

module.exports = { masked, maskedFile };
