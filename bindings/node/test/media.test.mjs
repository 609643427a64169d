// `notify.inboundMedia`: the files that users send.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { InvalidReplyContextError } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, MESSAGE_ID, failure } from "./support/data.mjs";

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());

// Every byte there is, and more than one packet.
const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => i % 256);

function send(file) {
  return sandbox.say(FROM, null, { file });
}

test("a file comes as it was sent", async () => {
  const entries = [];
  const client = sandbox.client({ onLog: (entry) => entries.push(entry) });
  const { message_id } = await send({ bytes: BYTES, content_type: "image/png", filename: "my cat.png" });
  const media = await client.notify.inboundMedia(message_id);
  assert.ok(Buffer.isBuffer(media.bytes));
  assert.deepEqual(Object.keys(media), ["content_type", "filename", "bytes"]);
  assert.deepEqual([media.content_type, media.filename], ["image/png", "my cat.png"]);
  assert.equal(Buffer.compare(media.bytes, BYTES), 0);
  assert.doesNotMatch(inspect(media), /cat|image/);
  assert.match(inspect(media), /\[300000 bytes\]/);
  assert.deepEqual(entries.map(({ operation, messageId }) => [operation, messageId]), [["inbound_media", message_id]]);
});

test("many at once are not mixed up", async () => {
  const files = await Promise.all(
    Array.from({ length: 8 }, (_, i) => send({ bytes: new Uint8Array(1000 + i).fill(i), filename: `${i}.bin` })),
  );
  const client = sandbox.client();
  const media = await Promise.all(files.map(({ message_id }) => client.notify.inboundMedia(message_id)));
  media.forEach(({ filename, bytes }, i) => {
    assert.deepEqual([filename, bytes.length, bytes[0]], [`${i}.bin`, 1000 + i, i]);
  });
});

test("a file without a name, and an empty one", async () => {
  const { message_id } = await send({ bytes: new Uint8Array() });
  const { filename, bytes } = await sandbox.client().notify.inboundMedia(message_id);
  assert.deepEqual([filename, bytes.length], [null, 0]);
});

test("a message without a file, and what is no message", async () => {
  const { notify } = sandbox.client();
  const { message_id } = await sandbox.say(FROM, "Hi");
  assert.equal((await failure(notify.inboundMedia(message_id))).status, 404);
  assert.equal((await failure(notify.inboundMedia(MESSAGE_ID))).status, 404);
  for (const wrong of ["", "../../etc", undefined]) {
    assert.ok((await failure(notify.inboundMedia(wrong))) instanceof InvalidReplyContextError);
  }
  assert.equal((await failure(notify.inboundMedia(7))).option, "message_id");
});

test("it is repeated, aborted and timed as other calls are", async () => {
  const { notify } = sandbox.client();
  const { message_id } = await send({ bytes: BYTES });
  sandbox.failNext({ kind: "reset", after: "request", processed: false });
  assert.equal((await notify.inboundMedia(message_id)).bytes.length, BYTES.length);
  const reason = new Error("never mind");
  assert.equal(await failure(notify.inboundMedia(message_id, { signal: AbortSignal.abort(reason) })), reason);
  sandbox.failNext({ kind: "delay", milliseconds: 20_000 });
  const controller = new AbortController();
  const call = notify.inboundMedia(message_id, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 50);
  assert.equal(await failure(call), reason);
  await sandbox.reset();
  assert.equal((await failure(notify.inboundMedia(message_id, { timeuot: 5 }))).option, "timeuot");
});

test("a printed answer shows no secret of its callback address", async () => {
  const { message_id } = await sandbox.say(FROM, "Hi");
  const callback_url = "https://user:password@example.com/path?token=secret#part";
  const response = await sandbox.client().notify.reply({ to: FROM, text: "Hello", reply_to: message_id, callback_url });
  assert.equal(response.callback_url, callback_url);
  const printed = inspect({ response }, { depth: 9 });
  assert.match(printed, /example\.com/);
  assert.doesNotMatch(printed, /user|password|secret|part/);
});
