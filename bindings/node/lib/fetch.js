// `inbox.fetch`: for frameworks that build on `fetch`.
"use strict";

const { Collector, MISUSED, alreadyRead } = require("./adapter.js");

function fetchHandler(inbox, tell) {
  return async (request) => {
    if (request.bodyUsed || request.body?.locked) {
      tell(alreadyRead());
      return response(MISUSED);
    }
    return response(await inbox.receive(await read(request.body), request.headers));
  };
}

async function read(body) {
  const collector = new Collector();
  if (body === null || body === undefined) {
    return collector.bytes();
  }
  for await (const chunk of body) {
    if (!collector.add(chunk)) {
      break;
    }
  }
  return collector.bytes();
}

function response({ status, body, headers }) {
  return new Response(body, { status, headers: { "content-type": "text/plain", ...headers } });
}

module.exports = { fetchHandler };
