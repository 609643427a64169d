// The body and the headers of a webhook request, as the web frameworks of Node have them.
"use strict";

const { types } = require("node:util");

const RAW =
  "the signature is over the raw bytes as they were received, so a parsed body cannot be verified. " +
  "Express: `express.json({ verify: keepRawBody })` and then `inbox.nodeHandler()`, or " +
  "`express.raw({ type: '*/*' })` on this route. Fastify: give `inbox.nodeHandler()` as the route's " +
  "`onRequest`. Next.js: `inbox.fetch` in a route, or `bodyParser: false` in a page. Hono: " +
  "`await c.req.arrayBuffer()`.";

// The raw bytes.
function bytes(body) {
  if (typeof body === "string") {
    return Buffer.from(body);
  }
  if (types.isUint8Array(body)) {
    return body;
  }
  if (types.isAnyArrayBuffer(body)) {
    return new Uint8Array(body);
  }
  throw new TypeError(`the body must be a Uint8Array, an ArrayBuffer or a string: ${RAW}`);
}

// Names and values in turn: of `Headers` or a `Map`, of node's object, of pairs.
function pairs(headers) {
  const flat = [];
  if (Array.isArray(headers)) {
    for (const pair of headers) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw wrongHeaders();
      }
      add(flat, pair[0], pair[1]);
    }
  } else if (typeof headers?.forEach === "function") {
    headers.forEach((value, name) => add(flat, name, value));
  } else if (typeof headers === "object" && headers !== null) {
    for (const name of Object.keys(headers)) {
      add(flat, name, headers[name]);
    }
  } else {
    throw wrongHeaders();
  }
  return flat;
}

function add(flat, name, value) {
  if (Array.isArray(value)) {
    for (const one of value) {
      flat.push(`${name}`, `${one}`);
    }
  } else if (value !== undefined && value !== null) {
    flat.push(`${name}`, `${value}`);
  }
}

function wrongHeaders() {
  return new TypeError(
    "the headers must be a Headers object, an object of names and values (`request.headers`), or an " +
      "array of [name, value]",
  );
}

module.exports = { RAW, bytes, pairs };
