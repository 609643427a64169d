// How to test a bot of your own: `node --test my_bot.test.mjs`.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Inbox } from "backchat";
import { Sandbox } from "backchat/testing";

// import { answer } from "./my_bot.mjs";
async function answer(message) {
  return message.text.includes("open") ? "We open at 9." : null;
}

const sandbox = await Sandbox.start();
after(() => sandbox.stop());
const inbox = new Inbox(sandbox.client(), sandbox.webhook()).onMessage(answer);

test("the words", async () => {
  assert.equal(await answer({ text: "When do you open?" }), "We open at 9.");
});

test("a message is answered once", async () => {
  const { body, headers } = await sandbox.say("+33612345678", "When do you open?");
  for (let delivery = 0; delivery < 2; delivery += 1) {
    assert.equal((await inbox.receive(body, headers)).status, 200);
  }
  assert.deepEqual(sandbox.messages.map(({ text }) => text), ["We open at 9."]);
});

test("small talk gets no answer", async () => {
  const { body, headers } = await sandbox.say("+33612345678", "Lovely weather!");
  assert.equal((await inbox.receive(body, headers)).body, "skipped");
});

test("an outage sends nothing twice", async () => {
  const before = sandbox.messages.length;
  const { body, headers } = await sandbox.say("+33612345678", "Are you open?");
  sandbox.failNext({ kind: "reset", after: "request", processed: true });
  for (let delivery = 0; delivery < 2; delivery += 1) {
    await inbox.receive(body, headers);
  }
  assert.equal(sandbox.messages.length, before + 1);
});
