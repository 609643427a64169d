// What TypeScript would have said: for callers without it.
"use strict";

const { types } = require("node:util");
const { configuration } = require("./errors.js");

// Refuses an option that does not exist: a misspelt one would be ignored.
function known(options, names, shell) {
  if (typeof options !== "object" || options === null) {
    throw configuration("options", "must be an object", shell);
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw configuration(name, `is no option; there are ${names.join(", ")}`, shell);
    }
  }
}

// A string, or nothing, which the core refuses by its own name.
function string(name, value, shell) {
  if (typeof value !== "string" && value !== undefined && value !== null) {
    throw configuration(name, "must be a string", shell);
  }
  return value ?? "";
}

function optional(name, value, type, shell) {
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== type) {
    throw configuration(name, `must be a ${type}`, shell);
  }
  return value;
}

// As `optional`, but null is a wrong type as well.
function exact(name, value, type, shell) {
  if (value === null) {
    throw configuration(name, `must be a ${type}`, shell);
  }
  return optional(name, value, type, shell);
}

// An object of the application as JSON, which the core reads.
function json(name, value, shell) {
  let text;
  try {
    text = JSON.stringify(value ?? {});
  } catch {
    // A bigint, a circle, or a `toJSON` that throws.
  }
  if (text === undefined) {
    throw configuration(name, "must be an object that JSON can hold", shell);
  }
  return text;
}

// A `Date`, or RFC 3339, as RFC 3339.
function moment(name, value, shell) {
  if (types.isDate(value) && !Number.isNaN(value.getTime())) {
    return value.toISOString();
  }
  if (typeof value !== "string") {
    throw configuration(name, "must be a valid Date, or a moment in RFC 3339", shell);
  }
  return value;
}

module.exports = { exact, json, known, moment, optional, string };
