// Functions of the application: plain, or `async`.
"use strict";

const { types } = require("node:util");
const { configuration } = require("./errors.js");

// Refuses a generator function: its body would never run.
function noGenerator(name, value, shell) {
  if (types.isGeneratorFunction(value)) {
    const why = "is a generator function, whose body would never run: take out the `yield`";
    throw configuration(name, why, shell);
  }
  return value;
}

// Tells whether a function returned work that nobody has done: a generator, also one that was compiled to
// an older JavaScript.
function isUndone(value) {
  if (types.isGeneratorObject(value)) {
    return true;
  }
  return typeof value?.next === "function" && typeof value[Symbol.asyncIterator] === "function";
}

const UNDONE = "returned a generator, whose body nobody runs: do the work in the function itself";

module.exports = { UNDONE, isUndone, noGenerator };
