// The inbox with its store in memory: handlers, receipts, and what can go wrong.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { after, before, beforeEach, test } from "node:test";
import { Client, Inbox, Webhook, eventFromJson } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, failure, seedEvent, until } from "./support/data.mjs";

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());
beforeEach(() => sandbox.reset());

function inbox(options) {
  return new Inbox(sandbox.client(), sandbox.webhook(), options);
}

// One webhook request, twice.
async function receive(one, text = "Hi") {
  const { body, headers } = await sandbox.say(FROM, text);
  return [await one.receive(body, headers), await one.receive(body, headers)];
}

const OK = { status: 200, body: "sent", headers: {} };

test("one message, one reply", async () => {
  let runs = 0;
  const one = inbox().onMessage(async (message) => `${(runs += 1)}: ${message.text}`);
  assert.deepEqual(await receive(one), [OK, OK]);
  assert.deepEqual(sandbox.messages.map(({ text, quoted_text }) => [text, quoted_text]), [["1: Hi", "Hi"]]);
  assert.equal(runs, 1);
});

test("a handler that returns nothing sends nothing", async () => {
  for (const nothing of [() => undefined, async () => null, () => {}]) {
    const [first] = await receive(inbox().onMessage(nothing));
    assert.deepEqual(first, { status: 200, body: "skipped", headers: {} });
  }
  assert.equal(sandbox.messages.length, 0);
});

test("a handler may name the correlation id, the callback and a template", async () => {
  sandbox.addTemplate({ id: "template_later", text: "We are back, {{name}}" });
  const template = { template_id: "template_later", variables: { name: "Ada" } };
  const one = inbox().onMessage(() => ({ text: "Hello", correlation_id: "mine", template }));
  const { body, headers } = await sandbox.say(FROM, "Hi");
  await sandbox.advance({ hours: 25 });
  assert.equal((await one.receive(body, headers)).body, "sent");
  const [sent] = sandbox.messages;
  assert.deepEqual([sent.type, sent.text, sent.correlation_id], ["template", "We are back, Ada", "mine"]);
});

test("a handler that throws is told about, answered 503, and run again", async () => {
  const thrown = new Error("the model is down");
  const failures = [];
  const handlers = [() => { throw thrown; }, async () => Promise.reject(thrown), () => "Hello"];
  const one = inbox().onMessage(() => handlers.shift()()).onError((f) => failures.push(f));
  const { body, headers, id, message_id } = await sandbox.say(FROM, "Hi");
  const receipts = [];
  for (let i = 0; i < 4; i += 1) {
    receipts.push((await one.receive(body, headers)).body);
  }
  assert.deepEqual(receipts, ["handler_failed", "handler_failed", "sent", "sent"]);
  assert.equal(failures.length, 2);
  for (const failure of failures) {
    assert.deepEqual(failure, { stage: "handler", event_id: id, message_id, final: false, error: thrown });
  }
  assert.equal(sandbox.messages.length, 1);
});

test("an answer that is none is told about", async () => {
  const failures = [];
  for (const wrong of [7, true, { txt: "Hi" }, { text: 7 }, () => "Hi", [], Symbol("x"), 1n, ""]) {
    const one = inbox().onMessage(() => wrong).onError(({ error }) => failures.push(error));
    const [receipt] = await receive(one);
    assert.equal(receipt.status, 503, String(wrong));
  }
  assert.equal(failures.length >= 9, true);
  assert.ok(failures.every((error) => error instanceof Error));
  assert.equal(sandbox.messages.length, 0);
});

test("a bad signature runs nothing", async () => {
  const failures = [];
  const one = inbox().onMessage(() => assert.fail()).onError((f) => failures.push(f));
  const receipt = await one.receive(seedEvent(), { "x-webhook-signature": "rsassa-pss-sha256=AAAA" });
  assert.deepEqual([receipt.status, receipt.body], [401, "signature_invalid"]);
  assert.deepEqual(failures, []);
  assert.equal((await one.health()).refused_requests, 1);
});

test("a message without a handler comes again", async () => {
  const failures = [];
  const [receipt] = await receive(inbox().onError((f) => failures.push(f)));
  assert.deepEqual([receipt.status, receipt.body], [503, "no_handler"]);
  assert.equal(failures[0].error.option, "onMessage");
});

test("two at the same moment: one runs, the other waits", async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const one = inbox().onMessage(async () => (await held, "Hello"));
  const { body, headers } = await sandbox.say(FROM, "Hi");
  const first = one.receive(body, headers);
  await until(async () => (await one.counts()).claimed === 1);
  const second = await one.receive(body, headers);
  assert.deepEqual([second.status, second.body], [503, "claimed"]);
  assert.ok(Number(second.headers["Retry-After"]) > 0);
  release();
  assert.deepEqual(await first, OK);
  assert.equal(sandbox.messages.length, 1);
});

test("delivery, opt-out and other events have handlers of their own", async () => {
  const seen = [];
  const one = inbox()
    .onMessage(() => ({ text: "Hello", callback_url: "http://127.0.0.1:9/" }))
    .onDelivery((event) => seen.push(event.status))
    .onOptOut((event) => seen.push(event.kind))
    .onOther((event) => seen.push(event.type));
  await receive(one);
  const { body, headers } = await sandbox.optOut(FROM, "HELP");
  assert.deepEqual(await one.receive(body, headers), { status: 200, body: "handled", headers: {} });
  const [{ id }] = sandbox.messages;
  const event = (number, type) =>
    eventFromJson(JSON.stringify({ id: `evt_${number}`, type, payload: { message_id: id }, created_at: "x" }));
  await one.handle(event(1, "transactional.message.delivered"));
  await one.handle(event(2, "moon.rose"));
  await one.handle(event(2, "moon.rose"));
  assert.deepEqual(seen, ["help", "delivered", "moon.rose"]);
  const [record] = await one.list();
  assert.equal(record.delivery, "delivered");
});

test("what a handler of another event returns does not matter", async () => {
  const circular = {};
  circular.self = circular;
  const one = inbox().onOptOut(() => circular);
  const { body, headers } = await sandbox.optOut(FROM, "HELP");
  assert.equal((await one.receive(body, headers)).body, "handled");
});

test("the ledger can be asked and told", async () => {
  const one = inbox().onMessage(() => "Hello");
  const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
  sandbox.failNext({ kind: "reset", after: "request", processed: false });
  assert.equal((await one.receive(body, headers)).body, "maybe_sent");
  assert.equal((await one.outcome(message_id)).state, "maybe_sent");
  assert.deepEqual(await one.counts(), { maybe_sent: 1 });
  assert.ok((await one.oldestMaybeSentAge()) >= 0);
  assert.equal((await one.list({ state: "maybe_sent", since: new Date(0) })).length, 1);
  assert.equal((await one.list({ state: "sent" })).length, 0);
  assert.equal(await one.rearm(message_id), "rearmed");
  assert.equal(await one.rearm("im_nobody"), "unknown");
  assert.equal((await one.receive(body, headers)).body, "sent");
  assert.equal(await one.rearm(message_id), "refused");
  assert.equal(await one.oldestMaybeSentAge(), null);
  assert.equal(await one.forget(FROM), 1);
  assert.equal(await one.prune(), 0);
  assert.equal(await one.outcome("im_nobody"), null);
  assert.equal((await failure(one.list({ state: "lost" }))).option, "state");
  for (const since of [Date.now(), new Date(NaN), "yesterday", {}]) {
    assert.equal((await failure(one.list({ since }))).option, "since");
  }
  assert.equal((await one.list({ since: null })).length, 1);
});

test("an event that was kept is handled as it was verified", async () => {
  const verified = [];
  const one = inbox().onMessage((message) => void verified.push(message.verified));
  const { body, headers } = await sandbox.say(FROM, "Hi");
  const event = sandbox.webhook().verify(body, headers);
  await one.handle(JSON.parse(JSON.stringify(event)));
  await one.handle(eventFromJson((await sandbox.say(FROM, "Ho")).body));
  assert.deepEqual(verified, [true, false]);
  assert.equal((await failure(one.handle({ type: "x" }))).option, "event");
});

test("a handler runs in the context of its request", async () => {
  const storage = new AsyncLocalStorage();
  const one = inbox().onMessage(() => `for ${storage.getStore()}`);
  const events = [await sandbox.say(FROM, "a"), await sandbox.say(FROM, "b")];
  await Promise.all(
    events.map(({ body, headers }, i) => storage.run(`request ${i}`, () => one.receive(body, headers))),
  );
  assert.deepEqual(sandbox.messages.map(({ text }) => text).sort(), ["for request 0", "for request 1"]);
});

test("the queue stores first, and answers then", async () => {
  let failing = true;
  const one = inbox({ queue: { backoff: 20, poll: 10 } })
    .onMessage((message) => {
      if (failing) {
        failing = false;
        throw new Error("not yet");
      }
      return `You said: ${message.text}`;
    })
    .onError(() => {});
  const receipts = await receive(one);
  assert.deepEqual(receipts.map(({ body }) => body), ["queued", "duplicate"]);
  const running = one.run();
  await until(() => sandbox.messages.length === 1);
  await one.shutdown();
  await running;
  assert.equal(sandbox.messages[0].text, "You said: Hi");
});

test("a wrong option is named", async () => {
  const client = new Client({ apiToken: "t" });
  const webhook = Webhook.unverified();
  for (const [make, option] of [
    [() => new Inbox({}, webhook), "client"],
    [() => new Inbox(client, {}), "webhook"],
    [() => new Inbox(client, webhook, { store: "mysql://h/d" }), "store"],
    [() => new Inbox(client, webhook, { Store: "" }), "Store"],
    [() => new Inbox(client, webhook, { queue: { workers: 1 } }), "workers"],
    [() => new Inbox(client, webhook, { queue: { concurrency: -1 } }), "concurrency"],
    [() => new Inbox(client, webhook, { lease: Infinity }), "lease"],
    [() => new Inbox(client, webhook).onMessage("Hi"), "handler"],
  ]) {
    assert.equal((await failure(make)).option, option);
  }
});

test("without onError failures are printed", async (t) => {
  const print = t.mock.method(console, "error", () => {});
  const thrown = new Error("oh");
  await receive(inbox().onMessage(() => { throw thrown; }));
  const [words, { stage, error }] = print.mock.calls[0].arguments;
  assert.deepEqual([words, stage, error], ["backchat: inbox failure", "handler", thrown]);
});
