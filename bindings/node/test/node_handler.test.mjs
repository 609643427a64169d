// `inbox.nodeHandler()`: with node:http, Express and Fastify, and what was there first.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import express from "express";
import Fastify from "fastify";
import { Inbox, keepRawBody } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, sleep, until } from "./support/data.mjs";

const PATH = "/webhooks/prelude";
let sandbox;
let failures;
let inbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());
beforeEach(() => {
  sandbox.reset();
  failures = [];
  inbox = new Inbox(sandbox.client(), sandbox.webhook())
    .onMessage((message) => `You said: ${message.text}`)
    .onError((failure) => failures.push(failure));
});

async function listening(app) {
  const server = (typeof app === "function" ? createServer(app) : app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}${PATH}`;
  return { url, [Symbol.asyncDispose]: () => closed(server) };
}

function closed(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

// A user writes, and the webhook is delivered twice; what each attempt was answered.
async function twice(url) {
  const { id } = await sandbox.say(FROM, "Grüße 👋", { to: url });
  await sandbox.redeliver(id);
  return sandbox.deliveries.map(({ status }) => status);
}

async function answersOnce(app) {
  const server = await listening(app);
  assert.deepEqual(await twice(server.url), [200, 200]);
  assert.deepEqual(sandbox.messages.map(({ text }) => text), ["You said: Grüße 👋"]);
  assert.deepEqual(failures, []);
  await server[Symbol.asyncDispose]();
}

test("node:http", () => answersOnce(inbox.nodeHandler()));

test("Express, before its parsers", () => {
  const app = express();
  app.post(PATH, inbox.nodeHandler());
  app.use(express.json());
  return answersOnce(app);
});

test("Express, after a JSON parser that keeps the raw body", () => {
  const app = express();
  app.use(express.json({ verify: keepRawBody }));
  app.post(PATH, inbox.nodeHandler());
  return answersOnce(app);
});

for (const parser of ["raw", "text"]) {
  test(`Express, after express.${parser}`, () => {
    const app = express();
    app.use(express[parser]({ type: "*/*" }));
    app.post(PATH, inbox.nodeHandler());
    return answersOnce(app);
  });
}

test("Express, after a JSON parser that keeps nothing: it says what to change", async () => {
  const app = express();
  app.use(express.json());
  app.post(PATH, inbox.nodeHandler());
  const server = await listening(app);
  assert.deepEqual(await twice(server.url), [500, 500]);
  assert.equal(failures.length, 2);
  assert.ok(failures[0].error instanceof TypeError);
  assert.match(failures[0].error.message, /verify: keepRawBody/);
  assert.equal(sandbox.messages.length, 0);
  await server[Symbol.asyncDispose]();
});

test("Fastify, before its parser", async () => {
  const app = Fastify();
  app.post(PATH, { onRequest: inbox.nodeHandler() }, () => {});
  await app.ready();
  await answersOnce(app.server);
});

test("Fastify, with a parser that keeps bytes", async () => {
  const app = Fastify();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.post(PATH, inbox.nodeHandler());
  await app.ready();
  await answersOnce(app.server);
});

test("Fastify, after its own parser: it says what to change", async () => {
  const app = Fastify();
  app.post(PATH, inbox.nodeHandler());
  await app.ready();
  const server = await listening(app.server);
  assert.deepEqual(await twice(server.url), [500, 500]);
  assert.match(failures[0].error.message, /onRequest/);
  await server[Symbol.asyncDispose]();
});

async function answer(url, headers, write) {
  const request = httpRequest(url, { method: "POST", headers });
  write(request);
  const [response] = await once(request, "response");
  response.setEncoding("utf8");
  return { status: response.statusCode, headers: response.headers, body: (await response.toArray()).join("") };
}

test("a body that is too long is not read to its end", async () => {
  const server = await listening(inbox.nodeHandler());
  const { status, headers } = await answer(server.url, {}, (request) => {
    request.write(Buffer.alloc(2 * 1024 * 1024));
  });
  assert.equal(status, 413);
  assert.equal(headers.connection, "close");
  await server[Symbol.asyncDispose]();
});

test("a sender that hangs up in the middle leaves nothing behind", async () => {
  const server = await listening(inbox.nodeHandler());
  const request = httpRequest(server.url, { method: "POST", headers: { "content-length": 100 } });
  request.on("error", () => {});
  request.write("{");
  await once(request, "socket");
  await new Promise((resolve) => setTimeout(resolve, 50));
  request.destroy();
  const { status } = await answer(server.url, {}, (other) => other.end("{}"));
  assert.equal(status, 401);
  assert.deepEqual(failures, []);
  await server[Symbol.asyncDispose]();
});

test("a signature header that came twice is seen as it came", async () => {
  const server = await listening(inbox.nodeHandler());
  const { body, headers } = await sandbox.say(FROM, "Hi");
  const signature = headers["x-webhook-signature"];
  const pairs = ["Host", "bot", "X-Webhook-Signature", signature, "X-Webhook-Signature", signature];
  const got = await answer(server.url, pairs, (request) => request.end(body));
  assert.deepEqual([got.status, got.body], [401, "signature_invalid"]);
  assert.equal(sandbox.messages.length, 0);
  await server[Symbol.asyncDispose]();
});

test("Retry-After goes along", async () => {
  const server = await listening(inbox.nodeHandler());
  sandbox.failNext({ kind: "status", status: 429, retry_after: 3600 });
  const { body, headers } = await sandbox.say(FROM, "Hi");
  const got = await answer(server.url, headers, (request) => request.end(body));
  assert.deepEqual([got.status, got.body, got.headers["retry-after"]], [503, "not_sent", "3600"]);
  await server[Symbol.asyncDispose]();
});

test("a request that was answered in the meantime gets no second answer", async () => {
  const slow = new Inbox(sandbox.client(), sandbox.webhook())
    .onMessage(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return "Hello";
    })
    .onError((failure) => failures.push(failure));
  const uncaught = [];
  const note = (error) => uncaught.push(error);
  process.on("unhandledRejection", note);
  for (const end of [(response) => response.status(503).end(), (response) => response.destroy()]) {
    const app = express();
    app.use((_request, response, next) => {
      setTimeout(() => end(response), 50);
      next();
    });
    app.post(PATH, slow.nodeHandler());
    const server = await listening(app);
    await sandbox.say(FROM, "Hi", { to: server.url, wait: false });
    await until(() => sandbox.messages.length === 1);
    await sleep(50);
    sandbox.reset();
    await server[Symbol.asyncDispose]();
  }
  process.off("unhandledRejection", note);
  assert.deepEqual([uncaught, failures], [[], []]);
});
