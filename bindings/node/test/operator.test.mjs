// What an operator asks and decides: health, re-arming, the age of events.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Inbox } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, failure } from "./support/data.mjs";

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());
beforeEach(() => sandbox.reset());

function inbox(options) {
  return new Inbox(sandbox.client(), sandbox.webhook(), options);
}

test("health", async () => {
  const one = inbox().onMessage(() => "Hello").onError(() => assert.fail("nothing failed"));
  const well = { ok: true, running: false, oldest_due: null, oldest_maybe_sent: null, refused_requests: 0 };
  assert.deepEqual(await one.health(), well);
  const { body } = await sandbox.say(FROM, "Hi");
  await one.receive(body, []);
  await one.receive(body, { "x-webhook-signature": "rsassa-pss-sha256=AAAA" });
  assert.deepEqual(await one.health(), { ...well, refused_requests: 2 });
});

test("a message that was given up is answered by its re-arming, before that resolves", async () => {
  let broken = true;
  const one = inbox({ maxAttempts: 1, slot: "survey" })
    .onMessage(async (message) => {
      if (broken) {
        throw new Error("no model");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      return `You said: ${message.text}`;
    })
    .onError(() => {});
  const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
  assert.equal((await one.receive(body, headers)).status, 200);
  const given = await one.outcome(message_id);
  assert.deepEqual([given.state, given.slot], ["given_up", "survey"]);
  broken = false;
  assert.equal(await one.rearm(message_id), "rearmed");
  assert.deepEqual(sandbox.messages.map(({ text }) => text), ["You said: Hi"]);
  assert.equal((await one.outcome(message_id)).state, "sent");
});

test("a message whose event is gone is answered with the one that was kept", async () => {
  let answer = null;
  const one = inbox().onMessage(() => answer);
  const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
  assert.equal((await one.receive(body, headers)).body, "skipped");
  answer = "Hello after all";
  assert.equal(await one.rearm(message_id), "no_event");
  assert.equal(await one.rearm("im_nobody"), "unknown");
  const event = JSON.parse(JSON.stringify(sandbox.webhook().verify(body, headers)));
  assert.equal((await failure(one.rearm("im_another", event))).option, "event");
  assert.equal((await failure(one.rearm(message_id, {}))).option, "event");
  assert.equal((await failure(one.rearm(7))).option, "messageId");
  assert.equal(await one.rearm(message_id, event), "rearmed");
  assert.deepEqual(sandbox.messages.map(({ text }) => text), ["Hello after all"]);
});

test("a wrong argument is named", async () => {
  const one = inbox();
  for (const [call, option] of [
    [() => one.outcome(undefined), "messageId"],
    [() => one.rearm(""), "messageId"],
    [() => one.forget(""), "phone"],
    [() => one.forget(33612345678), "phone"],
    [() => one.list({ sate: "sent" }), "sate"],
    [() => one.list({ state: 7 }), "state"],
  ]) {
    assert.equal((await failure(call)).option, option);
  }
});

test("an old event that the ledger does not know is not taken", async () => {
  const failures = [];
  const one = inbox({ maxEventAge: 1 })
    .onMessage(() => "Hello")
    .onError((failure) => failures.push(failure));
  const { body, headers } = await sandbox.say(FROM, "Hi");
  await new Promise((resolve) => setTimeout(resolve, 20));
  const receipt = await one.receive(body, headers);
  assert.deepEqual([receipt.status, receipt.body], [503, "too_old"]);
  assert.equal(failures[0].error.option, "maxEventAge");
  assert.equal(sandbox.messages.length, 0);
  const any = inbox({ maxEventAge: null }).onMessage(() => "Hello");
  assert.equal((await any.receive(body, headers)).body, "sent");
});
