import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { inspect } from "node:util";
import vm from "node:vm";
import * as backchat from "backchat";
import { FROM, REPLY, failure } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

const require = createRequire(import.meta.url);
const root = dirname(require.resolve("backchat"));
const codes = JSON.parse(require(join(root, "lib/native.js"))().errorCodes());

let server;
let client;
before(async () => {
  server = await FaultServer.start();
  client = new backchat.Client({ apiToken: "token", baseUrl: server.url, maxRetries: 0 });
});
after(() => server.stop());
beforeEach(() => server.reset());

const OURS = new Set([
  "connection_failed",
  "tls_failed",
  "timed_out",
  "cancelled",
  "maybe_sent",
  "sent_unconfirmed",
  "signature_missing",
  "signature_invalid",
  "event_unreadable",
  "configuration",
  "store_unavailable",
  "redirected",
  "http_error",
]);

test("every code of the API is an error of its class", async () => {
  for (const [code, name] of codes.filter(([code]) => !OURS.has(code))) {
    await server.script([{ status: 400, body: { json: { code, message: `to ${FROM}` } } }]);
    const error = await failure(client.notify.reply(REPLY));
    assert.equal(error.code, code);
    assert.equal(error.name, name);
    assert.ok(error instanceof backchat[name]);
    assert.ok(error instanceof backchat.ApiError && error instanceof backchat.BackchatError);
    assert.ok(error instanceof Error);
    assert.equal(error.outcome, "rejected");
  }
});

test("every code of ours is reached, and has its class", async () => {
  const { refused } = await server.unreachable();
  const { url: expired } = await server.tls("expired");
  const tokenless = () => new Promise(() => {});
  const reply = (options, last) =>
    failure(new backchat.Client({ apiToken: "t", maxRetries: 0, ...options }).notify.reply(REPLY, last));
  const raised = await Promise.all([
    reply({ baseUrl: refused }),
    reply({ baseUrl: expired }),
    reply({ baseUrl: server.url, apiToken: tokenless }, { timeout: 50 }),
    failure(async () => {
      const closed = new backchat.Client({ apiToken: "t", baseUrl: server.url });
      await closed.close();
      return closed.notify.reply(REPLY);
    }),
    answered({ status: 500 }),
    answered({ body: { text: "{" } }),
    answered({ status: 307, headers: [["location", "/"]] }),
    answered({ status: 404 }),
    failure(() => new backchat.Webhook(key()).verify("{}", {})),
    failure(() => new backchat.Webhook(key()).verify("{}", { "x-webhook-signature": "rsassa-pss-sha256=!" })),
    failure(() => backchat.eventFromJson("{")),
    failure(() => new backchat.Webhook("no key")),
    failure(() => inboxWithoutStore().counts()),
  ]);
  const classes = new Map(codes);
  const reached = new Set();
  for (const error of raised) {
    assert.equal(error.name, classes.get(error.code), error.code);
    assert.ok(error instanceof backchat[error.name]);
    reached.add(error.code);
  }
  assert.deepEqual([...reached].sort(), [...OURS].sort());
});

// One at a time: the script is the server's, not the call's.
let queue = Promise.resolve();
function answered(step) {
  queue = queue.then(async () => {
    await server.script([step]);
    return failure(client.notify.reply(REPLY));
  });
  return queue;
}

function key() {
  const folder = join(process.env.BACKCHAT_VECTORS, "signatures.json");
  return Object.values(JSON.parse(readFileSync(folder, "utf8")).keys).find((pem) =>
    pem.startsWith("-----BEGIN PUBLIC KEY"),
  );
}

function inboxWithoutStore() {
  return new backchat.Inbox(client, backchat.Webhook.unverified(), {
    store: "sqlite:/nowhere/at/all/inbox.db",
  });
}

test("the types name every code", () => {
  const types = readFileSync(join(root, "lib/errors.d.ts"), "utf8");
  const union = types.slice(types.indexOf("KnownErrorCode ="), types.indexOf("/**\n * Every error of"));
  const named = [...union.matchAll(/"([a-z_]+)"/g)].map(([, code]) => code);
  assert.deepEqual(named.sort(), codes.map(([code]) => code).sort());
});

test("a new code of the API survives", async () => {
  await server.script([{ status: 400, body: { json: { code: "moon_phase" } } }]);
  const error = await failure(client.notify.reply(REPLY));
  assert.equal(error.code, "moon_phase");
  assert.equal(error.constructor, backchat.ApiError);
});

test("no printed form shows what is private", async () => {
  const message = `the number ${FROM} is wrong: ${REPLY.text}`;
  await server.script([{ status: 400, body: { json: { code: "invalid_request", message } } }]);
  const error = await failure(client.notify.reply(REPLY));
  assert.equal(error.serverMessage, message);
  const printed = [String(error), error.stack, inspect(error), JSON.stringify(error)];
  for (const form of [...printed, JSON.stringify({ ...error })]) {
    assert.ok(!form.includes(FROM) && !form.includes(REPLY.text), form);
  }
  assert.match(inspect(error), /code: 'invalid_request'/);
  const { name, code, outcome, advice, webhookStatus } = JSON.parse(JSON.stringify(error));
  assert.deepEqual([name, code, outcome], ["ApiError", "invalid_request", "rejected"]);
  assert.ok(advice.length > 0);
  assert.equal(webhookStatus, 200);
});

test("the stack is the caller's, awaited or not", async () => {
  const line = (error) => error.stack.split("\n")[1];
  async function theCaller() {
    return client.notify.reply({ ...REPLY, text: "" });
  }
  assert.match(line(await failure(theCaller)), /at theCaller .*errors\.test\.mjs:\d+/);
  const caught = await new Promise((resolve) => {
    function notAwaited() {
      client.reply({ from: "1", message_id: "im_1" }, "Hi").catch(resolve);
    }
    notAwaited();
  });
  assert.match(line(caught), /at notAwaited .*errors\.test\.mjs:\d+/);
  function sync() {
    return new backchat.Webhook(key()).verify("{}", {});
  }
  assert.match(line(await failure(sync)), /at sync .*errors\.test\.mjs:\d+/);
  function wrong() {
    return new backchat.Client({ apiToken: "t", timeout: 0 });
  }
  assert.match(line(await failure(wrong)), /at wrong .*errors\.test\.mjs:\d+/);
});

test("isBackchatError knows other copies and other realms", async () => {
  const error = await failure(() => backchat.eventFromJson("{"));
  assert.ok(backchat.isBackchatError(error));
  const paths = Object.keys(require.cache).filter((path) => path.startsWith(root) && !path.endsWith(".node"));
  paths.forEach((path) => delete require.cache[path]);
  const copy = require("backchat");
  const other = await failure(() => copy.eventFromJson("{"));
  assert.ok(!(other instanceof backchat.BackchatError));
  assert.ok(backchat.isBackchatError(other));
  const elsewhere = vm.runInNewContext('Object.assign(new Error("x"), { [Symbol.for("backchat.error")]: true })');
  assert.ok(backchat.isBackchatError(elsewhere));
  for (const none of [null, undefined, "maybe_sent", new Error("x"), { code: "maybe_sent" }]) {
    assert.ok(!backchat.isBackchatError(none));
  }
});

test("an unreadable event keeps its bytes, out of sight", async () => {
  const error = await failure(() => backchat.eventFromJson(Buffer.from([0xff, 0x7b])));
  assert.deepEqual([...error.raw], [0xff, 0x7b]);
  assert.equal(error.verified, false);
  assert.ok(!("raw" in JSON.parse(JSON.stringify(error))));
});
