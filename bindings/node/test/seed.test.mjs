// The calls that the product description prints run unchanged but for the import and the client's name.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "backchat";
import { Sandbox } from "backchat/testing";

const readme = () => readFileSync(join(process.env.BACKCHAT_SOURCE, "README.md"), "utf8");

test("the product description's example", async () => {
  const sandbox = await Sandbox.start();
  const { message_id } = await sandbox.say("+33612345678", "Hi");
  const client = new Client({ apiToken: sandbox.token, baseUrl: sandbox.url });
  const response = await client.notify.reply({
    to: "+33612345678",
    text: "Thanks for reaching out! We'll look into your request.",
    reply_to: message_id,
  });
  assert.match(response.id, /^tx_/);
  assert.match(response.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  await sandbox.stop();
});

test("the README's quickstart is the file that runs", () => {
  const quickstart = readFileSync(join(process.env.BACKCHAT_SOURCE, "examples/quickstart.mjs"), "utf8");
  assert.ok(readme().includes(quickstart.trim()), "examples/quickstart.mjs is not in the README");
});
