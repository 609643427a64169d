// `onLog` and `DEBUG=backchat`.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import { Client } from "backchat";
import { FROM, MESSAGE_ID, REPLY, failure, until } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

let server;
before(async () => {
  server = await FaultServer.start();
});
after(() => server.stop());
beforeEach(() => server.reset());

test("one entry per attempt, with nothing private", async () => {
  await server.script([{ status: 429, headers: [["retry-after-ms", "1"]] }]);
  const log = [];
  const options = { apiToken: "token-secret", baseUrl: server.url, onLog: (e) => log.push(e) };
  await new Client(options).notify.reply(REPLY);
  await until(() => log.length === 2);
  const [first, second] = log;
  assert.deepEqual(
    [first.level, first.outcome, first.code, first.status, first.attempt],
    ["warn", "not_sent", "rate_limited", 429, 1],
  );
  assert.deepEqual([second.level, second.outcome, second.attempt], ["debug", "sent", 2]);
  assert.equal(second.messageId, MESSAGE_ID);
  assert.match(second.sentId, /^tx_/);
  assert.ok(second.elapsed > 0);
  const printed = JSON.stringify(log);
  for (const secret of ["token-secret", FROM, REPLY.text]) {
    assert.ok(!printed.includes(secret), printed);
  }
});

test("a log that throws ends nothing", async () => {
  const warned = new Promise((resolve) => process.once("warning", resolve));
  const onLog = () => {
    throw new Error("disk full");
  };
  const client = new Client({ apiToken: "token", baseUrl: server.url, onLog });
  assert.match((await client.notify.reply(REPLY)).id, /^tx_/);
  assert.match((await warned).message, /onLog threw/);
});

test("DEBUG=backchat prints a line per attempt to stderr", async () => {
  const script = `
    const { Client } = require("backchat");
    new Client({ apiToken: "token-secret", baseUrl: ${JSON.stringify(server.url)} })
      .notify.reply(${JSON.stringify(REPLY)});`;
  const run = (DEBUG) =>
    promisify(execFile)(process.execPath, ["-e", script], { env: { ...process.env, DEBUG } });
  const { stderr, stdout } = await run("express:*, backchat");
  assert.match(stderr, /^backchat debug reply #1 sent status=200 [\d.]+ms im_\S+ tx_\S+ im_\S+\n$/);
  assert.equal(stdout, "");
  assert.equal((await run("express:*")).stderr, "");
});

// A process that prints more than a pipe holds: a line for each of its calls, and of its webhooks.
const TALKER = (count) => `
  const { Client, Inbox, Webhook } = require("backchat");
  const client = new Client({ apiToken: "t", baseUrl: ${JSON.stringify(server.url)} });
  const key = require("node:crypto").generateKeyPairSync("rsa", {
    modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" } }).publicKey;
  const inbox = new Inbox(client, new Webhook(key));
  (async () => {
    for (let i = 0; i < ${count}; i += 1) {
      await Promise.all([client.notify.reply(${JSON.stringify(REPLY)}), inbox.receive("{}", [])]);
    }
    console.log("done");
    // Time to read what waits.
    setTimeout(() => {}, 1000);
  })();`;

function talker(count) {
  return spawn(process.execPath, ["-e", TALKER(count)], { env: { ...process.env, DEBUG: "backchat" } });
}

test("a stderr that nobody reads holds up neither the calls nor the end", { timeout: 60_000 }, async () => {
  const child = talker(2000);
  const killed = setTimeout(() => child.kill("SIGKILL"), 50_000);
  child.stdout.setEncoding("utf8");
  const [[said], [code]] = await Promise.all([once(child.stdout, "data"), once(child, "exit")]);
  clearTimeout(killed);
  child.stderr.destroy();
  assert.deepEqual([said, code], ["done\n", 0]);
  assert.equal((await server.counts()).posts, 2000);
});

test("lines that are lost are counted, and said", { timeout: 60_000 }, async () => {
  const child = talker(2000);
  await once(child.stdout, "data");
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
  await once(child, "close");
  const lines = printed.trimEnd().split("\n");
  const said = lines.map((line) => /^backchat: (\d+) log lines were lost/.exec(line)).filter((one) => one !== null);
  assert.ok(said.length > 0, `${lines.length} lines`);
  const lost = said.reduce((sum, [, count]) => sum + Number(count), 0);
  assert.equal(lines.length - said.length + lost, 4000);
});

test("an error that was not sent is logged too", async () => {
  await server.setDefault({ fault: { close: "request" } });
  const log = [];
  const client = new Client({ apiToken: "t", baseUrl: server.url, onLog: (e) => log.push(e) });
  const error = await failure(client.notify.reply(REPLY));
  await until(() => log.length === 1);
  assert.equal(log[0].outcome, error.outcome);
  assert.equal(log[0].correlationId, error.correlationId);
});

test("what the server says is in no entry unless it looks like a word", async () => {
  await server.script([
    {
      status: 400,
      headers: [["x-request-id", "token secret here"]],
      body: { json: { code: "bad\nbackchat error: token-secret" } },
    },
  ]);
  const log = [];
  const client = new Client({ apiToken: "t", baseUrl: server.url, onLog: (e) => log.push(e) });
  await failure(client.notify.reply(REPLY));
  await until(() => log.length === 1);
  assert.doesNotMatch(JSON.stringify(log), /secret/);
  assert.equal(log[0].requestId, "…");
});

test("a log whose promise rejects ends nothing", async () => {
  const warned = new Promise((resolve) => process.once("warning", resolve));
  const onLog = async () => {
    throw new Error("disk\u001b[31m full");
  };
  const client = new Client({ apiToken: "token", baseUrl: server.url, onLog });
  assert.match((await client.notify.reply(REPLY)).id, /^tx_/);
  assert.equal((await warned).message, "backchat: onLog threw: Error: disk\ufffd[31m full");
});
