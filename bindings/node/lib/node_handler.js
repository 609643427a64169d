// `inbox.nodeHandler()`: for `node:http` and the frameworks on top of it.
"use strict";

const { Collector, MISUSED, alreadyRead } = require("./adapter.js");

function nodeHandler(inbox, tell) {
  return function handle(request, response) {
    // Fastify wraps both; it must not answer too.
    const wrapped = request.raw !== undefined && typeof response.hijack === "function";
    if (wrapped) {
      response.hijack();
    }
    const [incoming, outgoing] = wrapped ? [request.raw, response.raw] : [request, response];
    void serve(inbox, tell, incoming, outgoing, request.body);
  };
}

async function serve(inbox, tell, incoming, outgoing, parsed) {
  let receipt = MISUSED;
  let whole = true;
  try {
    const read = await body(incoming, parsed);
    // The pairs as they came: node's own object joins headers that came twice.
    receipt = await inbox.receive(read.bytes, headers(incoming));
    ({ whole } = read);
  } catch (error) {
    // Whoever hung up in the middle of the body gets no answer.
    if (error === GONE) {
      return;
    }
    tell(error);
  }
  answer(outgoing, receipt, whole);
}

const GONE = Symbol("the sender has gone");

// The raw bytes: kept by `keepRawBody` (or by the platform), left by a raw parser, or read here.
async function body(incoming, parsed) {
  for (const kept of [incoming.rawBody, parsed]) {
    if (kept instanceof Uint8Array || typeof kept === "string") {
      return { bytes: kept, whole: true };
    }
  }
  if (incoming.destroyed && !incoming.readableEnded) {
    throw GONE;
  }
  if (incoming.readableDidRead) {
    throw alreadyRead();
  }
  return read(incoming);
}

function read(incoming) {
  return new Promise((resolve, reject) => {
    const collector = new Collector();
    incoming.on("data", (chunk) => {
      if (!collector.add(chunk)) {
        incoming.removeAllListeners("data").pause();
        resolve({ bytes: collector.bytes(), whole: false });
      }
    });
    incoming.once("end", () => resolve({ bytes: collector.bytes(), whole: true }));
    incoming.once("error", () => reject(GONE));
    incoming.once("close", () => reject(GONE));
  });
}

function headers(incoming) {
  const { rawHeaders } = incoming;
  const pairs = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    pairs.push([rawHeaders[i], rawHeaders[i + 1]]);
  }
  return pairs;
}

function answer(outgoing, { status, body, headers }, whole) {
  // The sender has gone, or a time-out of the application has answered: Prelude delivers again.
  if (outgoing.headersSent || outgoing.writableEnded || outgoing.destroyed) {
    return;
  }
  outgoing.writeHead(status, {
    "content-type": "text/plain",
    "content-length": Buffer.byteLength(body),
    // The rest of a body that is too long is not read: the connection cannot be used again.
    ...(whole ? {} : { connection: "close" }),
    ...headers,
  });
  outgoing.end(body);
}

// For `express.json({ verify: keepRawBody })`.
function keepRawBody(request, _response, body) {
  request.rawBody = body;
}

module.exports = { keepRawBody, nodeHandler };
