// What both adapters do: read the bytes up to the length that the core takes, and answer.
"use strict";

const native = require("./native.js");
const { RAW } = require("./request.js");

// Collects a body. Of one that is too long it keeps one byte too many, by which the core refuses it.
class Collector {
  #chunks = [];
  #length = 0;
  #longest = native().longestBody();

  // Whether there is room for more.
  add(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this.#length <= this.#longest;
  }

  bytes() {
    return Buffer.concat(this.#chunks, Math.min(this.#length, this.#longest + 1));
  }
}

// Another body parser was there first.
function alreadyRead() {
  return new TypeError(`something has read the body before the inbox: ${RAW}`);
}

// The answer when the application is set up wrongly: Prelude delivers again, until it is mended.
const MISUSED = { status: 500, body: "body_already_read", headers: {} };

module.exports = { Collector, MISUSED, alreadyRead };
