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

module.exports = { masked };
