// The shared vectors, through the installed package. tests/vectors/README.md says more.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FaultServer } from "./support/fault_server.mjs";
import { FILES, runAll } from "./support/vectors.mjs";
import { checkCall } from "./vectors/call.mjs";
import { checkEvent, checkReplyWindow, checkSignature } from "./vectors/received.mjs";

let server;
const total = { api: 0, http: 0 };

before(async () => {
  server = await FaultServer.start();
});
after(() => server.stop());

const RUNNERS = {
  outgoing: (vector) => checkCall(server, vector),
  events: checkEvent,
  signatures: checkSignature,
  reply_windows: checkReplyWindow,
  error_bodies: (vector) => checkCall(server, vector),
  retry_after: (vector) => checkCall(server, vector),
};

for (const file of FILES) {
  test(file, async () => {
    const { api, http } = await runAll(file, RUNNERS[file]);
    total.api += api;
    total.http += http;
  });
}

test("as many cases as in Rust", () => {
  const { api, http } = total;
  console.log(`vectors: total ${api + http} (api ${api}, http ${http})`);
  const expected = process.env.BACKCHAT_VECTOR_COUNT;
  assert.equal(String(api + http), expected, "the count of the Rust runner");
});
