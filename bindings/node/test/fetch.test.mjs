// `inbox.fetch`: with plain requests, and with Hono.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Hono } from "hono";
import { Inbox } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM } from "./support/data.mjs";

const URL = "http://bot.example/webhooks/prelude";
let sandbox;
let failures;
let inbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());
beforeEach(() => {
  sandbox.reset();
  failures = [];
  inbox = new Inbox(sandbox.client(), sandbox.webhook())
    .onMessage((message) => `You said: ${message.text}`)
    .onError((failure) => failures.push(failure));
});

async function request(text = "Hi") {
  const { body, headers } = await sandbox.say(FROM, text);
  return new Request(URL, { method: "POST", body, headers });
}

test("a request is answered once, by a function that can be passed on", async () => {
  const { fetch: handler } = inbox;
  const first = await request();
  const again = first.clone();
  for (const one of [first, again]) {
    const response = await handler(one);
    assert.deepEqual([response.status, await response.text()], [200, "sent"]);
  }
  assert.equal(sandbox.messages.length, 1);
});

test("a request without a body is refused", async () => {
  assert.equal((await inbox.fetch(new Request(URL))).status, 401);
});

test("a body that is too long is not read to its end", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(256 * 1024));
    },
  });
  const endless = new Request(URL, { method: "POST", body, duplex: "half" });
  assert.equal((await inbox.fetch(endless)).status, 413);
  assert.ok(pulled < 10, `${pulled} chunks`);
});

test("a body that was read before: it says what to change", async () => {
  const read = await request();
  await read.json();
  assert.equal((await inbox.fetch(read)).status, 500);
  assert.ok(failures[0].error instanceof TypeError);
  assert.match(failures[0].error.message, /arrayBuffer/);
});

test("a body that something else reads: it says what to change", async () => {
  const locked = await request();
  locked.body.getReader();
  assert.equal((await inbox.fetch(locked)).status, 500);
  assert.match(failures[0].error.message, /arrayBuffer/);
});

test("Hono", async () => {
  const app = new Hono();
  app.post("/webhooks/prelude", (c) => inbox.fetch(c.req.raw));
  assert.equal((await app.request(await request())).status, 200);
  assert.equal(sandbox.messages.length, 1);
});

test("Hono, after something that parsed the body", async () => {
  const app = new Hono();
  app.use(async (c, next) => {
    await c.req.json();
    await next();
  });
  app.post("/webhooks/prelude", async (c) => {
    const receipt = await inbox.receive(await c.req.arrayBuffer(), c.req.raw.headers);
    return c.body(receipt.body, receipt.status, receipt.headers);
  });
  assert.equal((await app.request(await request("Grüße 👋"))).status, 200);
  assert.equal(sandbox.messages[0].text, "You said: Grüße 👋");
});

test("Retry-After goes along", async () => {
  sandbox.failNext({ kind: "status", status: 429, retry_after: 3600 });
  const response = await inbox.fetch(await request());
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "3600"]);
});
