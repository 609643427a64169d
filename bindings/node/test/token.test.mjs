// `apiToken` as a function.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { AuthenticationError, Client } from "backchat";
import { REPLY, failure } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

let server;
before(async () => {
  server = await FaultServer.start();
});
after(() => server.stop());
beforeEach(() => server.reset());

function client(apiToken) {
  return new Client({ apiToken, baseUrl: server.url });
}

async function tokens() {
  const requests = await server.requests();
  return requests.map(({ headers }) => headers.find(([name]) => name === "authorization")[1]);
}

test("it is asked before each call", async () => {
  let asked = 0;
  const asking = client(() => `token-${(asked += 1)}`);
  await asking.notify.reply(REPLY);
  await asking.notify.reply(REPLY);
  assert.deepEqual(await tokens(), ["Bearer token-1", "Bearer token-2"]);
});

test("after a 401 it is asked once more", async () => {
  await server.script([{ status: 401 }]);
  const given = ["old", "new"];
  const response = await client(async () => given.shift()).notify.reply(REPLY);
  assert.match(response.id, /^tx_/);
  assert.deepEqual(await tokens(), ["Bearer old", "Bearer new"]);
});

// As `console.dir` prints, which does not ask an object for its printed form.
const PLAIN = { customInspect: false, depth: 9 };

test("what it throws is told, and is not printed", async () => {
  const thrown = new Error("the vault says token-secret");
  for (const broken of [() => { throw thrown; }, () => Promise.reject(thrown)]) {
    const error = await failure(client(broken).notify.reply(REPLY));
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.code, "missing_api_token");
    assert.equal(error.outcome, "not_sent");
    assert.equal(error.tokenError, thrown);
    const { inspect } = await import("node:util");
    for (const printed of [String(error), JSON.stringify(error), inspect(error), error.stack, inspect(error, PLAIN)]) {
      assert.doesNotMatch(printed, /token-secret/);
    }
  }
  assert.equal((await server.counts()).posts, 0);
});

test("what is no string is no token", async () => {
  for (const token of [undefined, 7, {}, "", "a\nb"]) {
    const error = await failure(client(() => token).notify.reply(REPLY));
    assert.ok(error instanceof AuthenticationError, `${error}`);
  }
});

test("one that never answers does not outlast the deadline", async () => {
  const never = client(() => new Promise(() => {}));
  const error = await failure(never.notify.reply(REPLY, { timeout: 100 }));
  assert.equal(error.code, "timed_out");
});
