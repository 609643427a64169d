import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  UnreadableEventError,
  Webhook,
  eventFromJson,
  isInboundMessage,
  replyWindowRemaining,
  replyWindowState,
} from "backchat";
import { failure, seedEvent } from "./support/data.mjs";

test("an event is a plain object with the wire's names", () => {
  const event = eventFromJson(seedEvent());
  assert.equal(Object.getPrototypeOf(event), Object.prototype);
  assert.deepEqual(event, {
    type: "inbound.message.received",
    id: "evt_01k8aq2zggeyssvt53zgvpx63a",
    created_at: "2025-10-24T08:59:10.736925502Z",
    verified: false,
    message_id: "im_01k8aq2zggeyssvt53zgvpx63a",
    channel: "whatsapp",
    from: "+33612345678",
    to: "+14155551234",
    text: "Hi, I have a question about my order",
    content: { text: "Hi, I have a question about my order" },
    reply_window: { expires_at: new Date("2025-10-25T08:59:10.736Z") },
    raw: seedEvent(),
  });
  assert.ok(isInboundMessage(event));
});

test("it can be copied, queued and read again", () => {
  const event = eventFromJson(seedEvent());
  assert.deepEqual(structuredClone(event), event);
  const queued = JSON.parse(JSON.stringify(event));
  assert.deepEqual(eventFromJson(queued.raw), event);
});

test("printed it shows no text and no whole number", () => {
  const event = eventFromJson(seedEvent());
  const printed = inspect({ event });
  for (const secret of [event.text, event.from, event.to]) {
    assert.ok(!printed.includes(secret), printed);
  }
  assert.match(printed, /im_01k8aq2zggeyssvt53zgvpx63a/);
  assert.match(printed, /content: '…'/);
  const unknown = eventFromJson(seedEvent().replace("inbound.message.received", "verify.started"));
  assert.doesNotMatch(inspect(unknown, { depth: 9 }), /question about my order/);
});

test("a message without a text has an empty one, and all of its content", () => {
  const photo = JSON.parse(seedEvent());
  photo.payload.content = { image: { size: 7, tags: [null] } };
  const event = eventFromJson(JSON.stringify(photo));
  assert.ok(isInboundMessage(event));
  assert.equal(event.text, "");
  assert.deepEqual(event.content, { image: { size: 7, tags: [null] } });
  delete photo.payload.content;
  const empty = eventFromJson(JSON.stringify(photo));
  assert.deepEqual([empty.text, empty.content], ["", null]);
});

test("the window is information, at any moment", () => {
  const message = eventFromJson(seedEvent());
  assert.equal(replyWindowState(message, new Date("2025-10-24T12:00:00Z")), "open");
  assert.equal(replyWindowState(message), "closed");
  assert.equal(replyWindowRemaining(message), 0);
  assert.equal(replyWindowRemaining(message, "2025-10-25T08:59:09.736909995Z"), 1000);
});

test("the window of something else is refused", async () => {
  const unknown = eventFromJson(seedEvent().replace("inbound.message.received", "verify.started"));
  assert.equal((await failure(() => replyWindowState(unknown))).option, "message");
  const message = eventFromJson(seedEvent());
  for (const now of ["tomorrow", Date.now(), new Date(NaN), null]) {
    assert.equal((await failure(() => replyWindowState(message, now))).option, "now");
    assert.equal((await failure(() => replyWindowRemaining(message, now))).option, "now");
  }
  assert.equal((await failure(() => replyWindowState(undefined))).option, "message");
});

test("a type that nobody knows keeps its payload", () => {
  const event = Webhook.unverified().verify(
    '{"id":"evt_1","type":"moon.rose","payload":{"phase":[1,null]},"created_at":"2025-10-24T08:59:10Z"}',
    {},
  );
  assert.equal(event.type, "moon.rose");
  assert.deepEqual(event.payload, { phase: [1, null] });
});

test("what is no event is unreadable", async () => {
  const error = await failure(() => eventFromJson("[]"));
  assert.ok(error instanceof UnreadableEventError);
});
