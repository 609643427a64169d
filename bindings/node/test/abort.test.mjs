// `signal`: what an aborted call does, and what it never does.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Client } from "backchat";
import { REPLY, failure, sleep, until } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

let server;
before(async () => {
  server = await FaultServer.start();
});
after(() => server.stop());
beforeEach(() => server.reset());

function client(options) {
  return new Client({ apiToken: "token", baseUrl: server.url, ...options });
}

test("already aborted: nothing is sent", async () => {
  const reason = new Error("never mind");
  const error = await failure(client().notify.reply(REPLY, { signal: AbortSignal.abort(reason) }));
  assert.equal(error, reason);
  await sleep(50);
  assert.equal((await server.counts()).connections, 0);
});

test("aborted later: rejected at once, and finished in the background", async () => {
  await server.script([{ pace: { before_head_ms: 300 } }]);
  const log = [];
  const controller = new AbortController();
  const call = client({ onLog: (entry) => log.push(entry) }).notify.reply(REPLY, {
    signal: controller.signal,
  });
  await server.received(1);
  const reason = new Error("the user left");
  const started = performance.now();
  setTimeout(() => controller.abort(reason), 0);
  assert.equal(await failure(call), reason);
  assert.ok(performance.now() - started < 200);
  await until(() => log.length === 1);
  assert.equal(log[0].outcome, "sent");
  assert.equal(log[0].detached, true);
  await sleep(100);
  assert.equal((await server.counts()).posts, 1);
});

test("aborted while it waits to try again: it is not tried again", async () => {
  await server.setDefault({ status: 429 });
  const controller = new AbortController();
  const call = client().notify.reply(REPLY, { signal: controller.signal });
  await server.received(1);
  controller.abort();
  const error = await failure(call);
  assert.equal(error.name, "AbortError");
  const { posts } = await server.counts();
  await sleep(700);
  assert.equal((await server.counts()).posts, posts);
});

test("a timeout signal's reason is its own", async () => {
  await server.setDefault({ pace: { before_head_ms: 500 } });
  const error = await failure(client().notify.reply(REPLY, { signal: AbortSignal.timeout(50) }));
  assert.equal(error.name, "TimeoutError");
});

test("a signal outlives its calls", async () => {
  const { signal } = new AbortController();
  const one = client();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...all) => ((listeners += 1), add.apply(signal, all));
  signal.removeEventListener = (...all) => ((listeners -= 1), remove.apply(signal, all));
  for (let i = 0; i < 20; i += 1) {
    await one.notify.reply(REPLY, { signal });
  }
  assert.equal(listeners, 0);
});
