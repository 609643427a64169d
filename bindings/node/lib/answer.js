// What a message handler may return.
"use strict";

const { configuration } = require("./errors.js");

const FIELDS = ["text", "callback_url", "correlation_id", "template"];

// The answer, if it is one. Everything else is a failure that says what was returned, not its content.
function answered(value) {
  if (value === undefined || value === null || typeof value === "string") {
    return value;
  }
  if (!isPlain(value)) {
    throw wrong(described(value));
  }
  if (typeof value.text !== "string") {
    throw wrong(`an object whose \`text\` is ${described(value.text)}`);
  }
  const unknown = Object.keys(value).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw wrong(`an object with the unknown field \`${unknown.replace(/[^\w-]/g, "_").slice(0, 40)}\``);
  }
  return value;
}

function wrong(what) {
  return configuration("onMessage", `must return a string, nothing, or \`{ text, … }\`; it returned ${what}`);
}

function isPlain(value) {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  // An object of another realm is plain as well.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function described(value) {
  if (value === undefined || value === null) {
    return String(value);
  }
  if (typeof value !== "object") {
    return `a ${typeof value}`;
  }
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name = tag === "Object" ? value.constructor?.name : tag;
  return name === undefined ? "an object" : `an object of the type ${String(name).slice(0, 40)}`;
}

module.exports = { answered };
