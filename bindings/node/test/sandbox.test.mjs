// `backchat/testing`: what a test of one's own bot needs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { ConfigurationError, Inbox, SignatureVerificationError } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, failure } from "./support/data.mjs";

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());
beforeEach(() => sandbox.reset());

test("the whole job over HTTP, with delivery events", async () => {
  const seen = [];
  const inbox = new Inbox(sandbox.client(), sandbox.webhook()).onDelivery(({ status }) => seen.push(status));
  const server = createServer(inbox.nodeHandler()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}/`;
  inbox.onMessage(({ text }) => ({ text: `You said: ${text}`, callback_url: url }));
  const { message_id } = await sandbox.say(FROM, "Hi", { to: url });
  await sandbox.advance({});
  const [sent] = sandbox.messages;
  assert.deepEqual([sent.type, sent.to, sent.text, sent.reply_to], ["reply", FROM, "You said: Hi", message_id]);
  assert.deepEqual(seen, ["created", "submitted", "pending_delivery", "delivered"]);
  assert.ok(sandbox.deliveries.every(({ status }) => status === 200));
  server.close();
});

test("a user sends a file", async () => {
  const read = ({ body, headers }) => sandbox.webhook().verify(body, headers);
  const bytes = Buffer.from("\x89PNG", "latin1");
  const file = { bytes, content_type: "image/png", filename: "photo.png" };
  const photo = read(await sandbox.say(FROM, null, { file }));
  assert.equal(photo.text, "");
  const media = { content_type: "image/png", filename: "photo.png", size: 4 };
  assert.deepEqual(photo.content, { media });
  const captioned = read(await sandbox.say(FROM, "Look", { file: { bytes: new ArrayBuffer(2) } }));
  assert.equal(captioned.text, "Look");
  assert.equal(captioned.content.media.content_type, "application/octet-stream");
  for (const wrong of [
    undefined,
    {},
    { file: "photo.png" },
    { file: { content_type: "image/png" } },
    { file: { bytes: "photo" } },
    { file: { bytes, content_type: "image" } },
    { file: { bytes, name: "photo.png" } },
    { file: { bytes: new Uint8Array(4 * 1024 * 1024 + 1) } },
    { photo: file },
  ]) {
    await assert.rejects(sandbox.say(FROM, null, wrong), ConfigurationError);
  }
});

test("what was parsed and written again has another signature", async () => {
  const { body, headers } = await sandbox.say(FROM, "Grüße");
  const webhook = sandbox.webhook();
  assert.equal(webhook.verify(body, headers).text, "Grüße");
  const written = JSON.stringify(JSON.parse(body));
  assert.throws(() => webhook.verify(written, headers), SignatureVerificationError);
  const inbox = new Inbox(sandbox.client(), webhook).onMessage(() => "Hello");
  assert.equal((await inbox.receive(written, headers)).status, 401);
  assert.deepEqual(sandbox.messages, []);
});

test("the clock closes windows", async () => {
  const event = await sandbox.say(FROM, "Hi");
  const message = sandbox.webhook().verify(event.body, event.headers);
  const before = Date.parse(sandbox.now);
  const now = await sandbox.advance({ hours: 23, minutes: 59, seconds: 59, milliseconds: 1 });
  assert.ok(Date.parse(now) - before >= 86_399_000);
  await sandbox.client().reply(message, "just in time");
  await sandbox.advance({ days: 1 });
  const error = await failure(sandbox.client().reply(message, "too late"));
  assert.equal(error.code, "window_expired");
});

test("faults come in their order", async () => {
  sandbox.failNext({ kind: "status", status: 402, code: "insufficient_balance" });
  sandbox.failNext({ kind: "cut_body" });
  sandbox.failNext({ kind: "status", status: 500 });
  sandbox.clearFaults();
  sandbox.failNext({ kind: "status", status: 403, code: "suspended_account" });
  const message = { from: FROM, message_id: (await sandbox.say(FROM, "Hi")).message_id };
  assert.equal((await failure(sandbox.client().reply(message, "Hi"))).code, "suspended_account");
  await sandbox.client().reply(message, "Hi");
});

test("the account and its templates", async () => {
  assert.equal(sandbox.account({ balance: 0 }).balance, 0);
  sandbox.addTemplate({ id: "template_hi", text: "Hi {{name}}" });
  const template = { template_id: "template_hi", to: FROM, variables: { name: "Ada" } };
  assert.equal((await failure(sandbox.client().notify.send(template))).code, "insufficient_balance");
  sandbox.account({ balance: 1 });
  await sandbox.client().notify.send(template);
  assert.equal(sandbox.messages[0].text, "Hi Ada");
  await sandbox.optOut(FROM);
  assert.equal((await failure(sandbox.client().notify.send(template))).code, "unsubscribed");
});

test("the settings of a start", async () => {
  const startAt = new Date("2030-01-01T00:00:00Z");
  const options = { token: "secret", businessNumber: "+15550001111", startAt, webhookTimeout: 50 };
  const other = await Sandbox.start(options);
  assert.equal(other.token, "secret");
  assert.ok(other.now.startsWith("2030-01-01T00:00"));
  const { body } = await other.say(FROM, "Hi", { channel: "rcs", wait: false });
  assert.equal(JSON.parse(body).payload.channel, "rcs");
  assert.equal(JSON.parse((await other.say(FROM, "Hi")).body).payload.to, "+15550001111");
  assert.equal(other.jwks.keys.length, 1);
  await other[Symbol.asyncDispose]();
  await assert.rejects(fetch(other.url));
});

test("what it refuses is a ConfigurationError", async () => {
  for (const wrong of [
    () => sandbox.say("0612", "Hi"),
    () => sandbox.failNext({ kind: "meteor" }),
    () => sandbox.advance({ weeks: 1 }),
    () => sandbox.advance({ hours: -1 }),
    () => sandbox.redeliver("evt_nobody"),
    () => sandbox.setWebhookUrl("nowhere"),
    () => sandbox.account({ credit: 1 }),
    () => Sandbox.start({ port: 1 }),
    () => Sandbox.start({ listen: "here" }),
  ]) {
    const error = await failure(wrong);
    assert.ok(error instanceof ConfigurationError, `${wrong}: ${error}`);
  }
});
