// The process around a client: its end, its workers, its modules.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { Worker } from "node:worker_threads";
import { REPLY, until } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

let server;
let client;
before(async () => {
  server = await FaultServer.start();
  client = JSON.stringify({ apiToken: "token", baseUrl: server.url });
});
after(() => server.stop());
beforeEach(() => server.reset());

const reply = JSON.stringify(REPLY);

// Runs a script with the package; gives its exit code, its output and its time.
async function run(script, ...options) {
  const started = performance.now();
  const child = spawn(process.execPath, [...options, "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (output.stderr += text));
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const [code] = await once(child, "close");
  clearTimeout(timer);
  return { code, ...output, took: performance.now() - started };
}

const CJS = `const { Client, Inbox, Webhook } = require("backchat");`;

test("an idle client does not hold up the end", async () => {
  const { code, took, stdout } = await run(`${CJS}
    const client = new Client(${client});
    new Inbox(client, Webhook.unverified()).onMessage(() => "Hi");
    client.notify.reply(${reply}).then(({ id }) => console.log(id));`);
  assert.equal(code, 0);
  assert.match(stdout, /^tx_/);
  assert.ok(took < 10_000, `${took} ms`);
});

test("a call under way holds it up until it has ended", async () => {
  await server.script([{ pace: { before_head_ms: 300 } }]);
  const { stdout } = await run(`${CJS}
    new Client(${client}).notify.reply(${reply}).then(({ id }) => console.log(id));`);
  assert.match(stdout, /^tx_/);
});

test("process.exit waits for a request that has begun, and not for ever", async () => {
  await server.script([{ pace: { before_head_ms: 400 } }, { fault: { stall: "request" } }]);
  const script = `${CJS}
    new Client(${client}).notify.reply(${reply}).catch(() => {});
    setTimeout(() => process.exit(3), 150);`;
  const answered = await run(script);
  assert.equal(answered.code, 3);
  const stalled = await run(script);
  assert.equal(stalled.code, 3);
  assert.ok(stalled.took < 6000, `${stalled.took} ms`);
  assert.equal((await server.counts()).posts, 2);
});

test("process.exit does not wait for what has not begun", async () => {
  const { code, took } = await run(`${CJS}
    new Client({ ...${client}, apiToken: () => new Promise(() => {}) }).notify.reply(${reply}).catch(() => {});
    setTimeout(() => process.exit(3), 50);`);
  assert.equal(code, 3);
  assert.ok(took < 2000, `${took} ms`);
  assert.equal((await server.counts()).posts, 0);
});

test("an error that nobody caught ends the process as any other", async () => {
  const { code, stderr } = await run(`${CJS}
    new Client(${client}).notify.reply({ ...${reply}, text: "" });`);
  assert.equal(code, 1);
  assert.match(stderr, /MissingTextError: missing_text/);
});

test("what the token function threw is not printed by an uncaught error", async () => {
  const { code, stderr } = await run(`${CJS}
    const secret = ["token", "secret"].join("-");
    const apiToken = () => Promise.reject(new Error("the vault says " + secret));
    new Client({ ...${client}, apiToken }).notify.reply(${reply});`);
  assert.equal(code, 1);
  assert.match(stderr, /AuthenticationError: missing_api_token/);
  assert.doesNotMatch(stderr, /token-secret/);
});

test("nothing inside rejects unhandled", async () => {
  await server.setDefault({ fault: { close: "request" } });
  const { code, stdout } = await run(`${CJS}
    process.on("unhandledRejection", (error) => { console.log("unhandled", error); });
    const client = new Client({ ...${client}, apiToken: () => Promise.reject(new Error("no")) });
    client.notify.reply(${reply}).catch(() => {});
    const controller = new AbortController();
    new Client(${client}).notify.reply(${reply}, { signal: controller.signal }).catch(() => {});
    setTimeout(() => controller.abort(), 20);
    const inbox = new Inbox(client, Webhook.unverified()).onMessage(async () => { throw new Error("x"); });
    inbox.onError(() => { throw new Error("y"); });
    const event = { id: "evt_1", type: "inbound.message.received", created_at: "x",
      payload: { message_id: "im_1", channel: "whatsapp", from: "+33612345678", to: "1", content: { text: "Hi" } } };
    inbox.receive(JSON.stringify(event), []).then(({ body }) => console.log(body));`);
  assert.equal(code, 0);
  assert.equal(stdout, "handler_failed\n");
});

test("import and require give the same classes", async () => {
  const { stdout } = await run(`
    import * as esm from "backchat";
    import { Sandbox } from "backchat/testing";
    import { createRequire } from "node:module";
    const cjs = createRequire(import.meta.url)("backchat");
    const names = Object.keys(cjs).filter((name) => name !== "default").sort();
    const named = Object.keys(esm).filter((name) => name !== "default" && name !== "module.exports").sort();
    console.log(names.length > 20, JSON.stringify(names) === JSON.stringify(named),
      names.every((name) => esm[name] === cjs[name]), typeof Sandbox.start);`, "--input-type=module");
  assert.equal(stdout, "true true true function\n");
});

const WORKER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { Client } = require("backchat");
  const client = new Client(workerData.client);
  const all = Array.from({ length: workerData.count }, () => client.notify.reply(workerData.reply));
  parentPort.postMessage("begun");
  Promise.all(all).then((ends) => parentPort.postMessage(ends.length));`;

// A worker, what it says, and its end. Listened to from the start: `once` could come too late.
function worker(count) {
  const workerData = { client: JSON.parse(client), reply: REPLY, count };
  const one = new Worker(WORKER, { eval: true, workerData });
  const said = [];
  one.on("message", (message) => said.push(message));
  return { one, said, ended: once(one, "exit") };
}

test("workers have clients of their own", async () => {
  const workers = [worker(20), worker(20), worker(20)];
  for (const { said, ended } of workers) {
    const [code] = await ended;
    assert.equal(code, 0);
    assert.deepEqual(said, ["begun", 20]);
  }
  assert.equal((await server.counts()).posts, 60);
});

test("a worker that is terminated in the middle of its calls takes nobody along", async () => {
  await server.setDefault({ pace: { before_head_ms: 200 } });
  for (let i = 0; i < 5; i += 1) {
    const { one, said } = worker(10);
    await until(() => said.length === 1);
    await one.terminate();
  }
  await server.reset();
  const { said, ended } = worker(1);
  await ended;
  assert.deepEqual(said, ["begun", 1]);
});

test("a client that nobody holds any more is collected", async () => {
  const { code, stdout } = await run(`${CJS}
    const log = () => {};
    (async () => {
      for (let i = 0; i < 300; i += 1) {
        new Client({ ...${client}, onLog: log, apiToken: () => "t" });
      }
      for (let i = 0; i < 20; i += 1) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const { clients } = require(require("node:path").join(require.resolve("backchat"), "../lib/mailbox.js"));
      console.log(clients.size < 50);
    })();`, "--expose-gc");
  assert.equal(code, 0);
  assert.equal(stdout, "true\n");
});
