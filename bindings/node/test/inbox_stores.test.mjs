// Redelivery with every store: however often a webhook comes, to however many processes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { Inbox } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, until } from "./support/data.mjs";

const folder = mkdtempSync(join(tmpdir(), "backchat-inbox-"));
// A lease that is soon over, and what must be shorter.
const SHORT = { lease: 11_000 };
const TIMEOUT = 1000;
const PATIENCE = 25_000;
const postgres = process.env.BACKCHAT_TEST_POSTGRES;
const STORES = { sqlite: `sqlite:${join(folder, "inbox.db")}` };
if (postgres !== undefined) {
  STORES.postgres = postgres;
}

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => sandbox.reset());

for (const [name, store] of Object.entries(STORES)) {
  describe(name, () => {
    // Rows of other tests, and of earlier runs on the same Postgres, are of another application.
    let scopes = 0;
    const scope = () => `${process.pid}-${(scopes += 1)}`;
    const inbox = (options) => new Inbox(sandbox.client({ timeout: TIMEOUT }), sandbox.webhook(), { store, ...options });

    test("forty deliveries to four inboxes are one reply", async () => {
      const own = { scope: scope() };
      const inboxes = Array.from({ length: 4 }, () => inbox(own).onMessage((m) => `re: ${m.text}`));
      const { body, headers } = await sandbox.say(FROM, "Hi");
      const all = Array.from({ length: 40 }, (_, i) => inboxes[i % 4].receive(body, headers));
      const statuses = (await Promise.all(all)).map(({ status }) => status);
      assert.ok(statuses.every((status) => status === 200 || status === 503), `${statuses}`);
      assert.ok(statuses.includes(200));
      assert.equal((await inboxes[0].receive(body, headers)).body, "sent");
      assert.equal(sandbox.messages.length, 1);
    });

    test("an outcome survives its inbox", async () => {
      const own = { scope: scope() };
      const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
      await inbox(own).onMessage(() => "first").receive(body, headers);
      const second = inbox(own).onMessage(() => assert.fail("it was answered"));
      assert.deepEqual((await second.receive(body, headers)).body, "sent");
      assert.equal((await second.outcome(message_id)).reply_id, sandbox.messages[0].id);
    });

    test("what may have been sent is never sent again", async () => {
      const one = inbox({ scope: scope() }).onMessage(() => "Hello").onError(() => {});
      const { body, headers } = await sandbox.say(FROM, "Hi");
      sandbox.failNext({ kind: "reset", after: "request", processed: true });
      assert.equal((await one.receive(body, headers)).body, "maybe_sent");
      assert.equal((await one.receive(body, headers)).body, "maybe_sent");
      assert.equal(sandbox.messages.length, 1);
    });

    test("what was not sent is sent by a redelivery", async () => {
      const one = inbox({ scope: scope() }).onMessage(() => "Hello").onError(() => {});
      const { body, headers } = await sandbox.say(FROM, "Hi");
      sandbox.failNext({ kind: "status", status: 429, retry_after: 3600 });
      const refused = await one.receive(body, headers);
      assert.deepEqual([refused.status, refused.body], [503, "not_sent"]);
      assert.equal((await one.receive(body, headers)).body, "sent");
      assert.equal(sandbox.messages.length, 1);
    });

    test("a process that is killed in its handler loses nothing", async () => {
      const own = { scope: scope(), ...SHORT };
      const { body, headers } = await sandbox.say(FROM, "Hi");
      const child = worker({ store, ...own }, body, headers);
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
      const one = inbox(own).onMessage(() => "Hello");
      await until(async () => (await one.receive(body, headers)).status === 200, PATIENCE);
      assert.equal(sandbox.messages.length, 1);
    });

    test("a process that is killed while it sends leaves a maybe_sent", async () => {
      const own = { scope: scope(), ...SHORT };
      const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
      sandbox.failNext({ kind: "delay", milliseconds: 10_000, processed: true });
      const child = worker({ store, ...own }, body, headers, "Hello");
      await until(() => sandbox.messages.length === 1);
      child.kill("SIGKILL");
      await once(child, "exit");
      const one = inbox(own).onMessage(() => assert.fail("it may have been answered"));
      await until(async () => (await one.outcome(message_id)).state === "maybe_sent", PATIENCE);
      assert.equal((await one.receive(body, headers)).body, "maybe_sent");
      assert.equal(sandbox.messages.length, 1);
    });

    test("the queue is shared by its processes", async () => {
      const own = { scope: scope(), queue: { poll: 10 } };
      const inboxes = [inbox(own), inbox(own)];
      inboxes.forEach((one, i) => one.onMessage((message) => `${i}: ${message.text}`));
      const running = inboxes.map((one) => one.run());
      const senders = Array.from({ length: 10 }, (_, i) => `+3361234567${i}`);
      for (const sender of senders) {
        const { body, headers } = await sandbox.say(sender, "Hi");
        const both = await Promise.all(inboxes.map((one) => one.receive(body, headers)));
        assert.ok(both.every(({ status }) => status === 200));
      }
      await until(() => sandbox.messages.length >= 10);
      await Promise.all(inboxes.map((one) => one.shutdown()));
      await Promise.all(running);
      assert.equal(sandbox.messages.length, 10);
    });
  });
}

test("a store that cannot be opened runs nothing, and is tried again", async () => {
  const path = join(folder, "later");
  const failures = [];
  const one = new Inbox(sandbox.client(), sandbox.webhook(), { store: `sqlite:${path}/inbox.db` })
    .onMessage(() => "Hello")
    .onError((failure) => failures.push(failure));
  const { body, headers } = await sandbox.say(FROM, "Hi");
  const receipt = await one.receive(body, headers);
  assert.deepEqual([receipt.status, receipt.body], [503, "store_unavailable"]);
  assert.equal(failures[0].stage, "store");
  assert.equal(failures[0].error.name, "StoreError");
  const { mkdirSync } = await import("node:fs");
  mkdirSync(path);
  assert.equal((await one.receive(body, headers)).body, "sent");
});

// Another process: prints a line in its handler; answers with `text`, or never.
function worker(options, body, headers, text) {
  const script = `
    const { Client, Inbox, Webhook } = require("backchat");
    const [client, key, options, body, headers, text] = JSON.parse(process.argv[1]);
    new Inbox(new Client(client), new Webhook(key), options)
      .onMessage(() => {
        console.log("running");
        return text ?? new Promise(() => {});
      })
      .receive(body, headers);`;
  const client = { apiToken: sandbox.token, baseUrl: sandbox.url, timeout: TIMEOUT };
  const input = JSON.stringify([client, sandbox.publicKey, options, body, headers, text]);
  return spawn(process.execPath, ["-e", script, input], { stdio: ["ignore", "pipe", "inherit"] });
}
