import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Client, ConfigurationError, NotSentError, eventFromJson } from "backchat";
import { FROM, MESSAGE_ID, REPLY, failure, seedEvent } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

let server;
let client;
before(async () => {
  server = await FaultServer.start();
  client = new Client({ apiToken: "token", baseUrl: server.url });
});
after(() => server.stop());
beforeEach(() => server.reset());

const REFUSED = (code) => ({ status: 400, body: { json: { code } } });
const MESSAGE = { from: FROM, message_id: MESSAGE_ID };
const TEMPLATE = { template_id: "template_01k8aq2zggeyssvt53zgvpx63a", variables: { name: "Ada" } };

test("a reply gives what the API answered", async () => {
  const response = await client.notify.reply({ ...REPLY, correlation_id: "order-7" });
  assert.equal(response.sent, "reply");
  assert.match(response.id, /^tx_/);
  assert.equal(response.to, FROM);
  assert.equal(response.text, REPLY.text);
  assert.equal(response.reply_to, MESSAGE_ID);
  assert.equal(response.correlation_id, "order-7");
  assert.match(response.created_at, /^\d{4}-\d\d-\d\dT/);
  assert.equal(JSON.parse(response.raw).id, response.id);
});

test("a message is answered by its sender and its id", async () => {
  const message = eventFromJson(seedEvent());
  await client.reply(message, "Hello");
  const [request] = await server.received(1);
  const { to, text, reply_to } = JSON.parse(request.body);
  assert.deepEqual([to, text, reply_to], [message.from, "Hello", message.message_id]);
});

test("a message that went through JSON and a queue is still answered", async () => {
  const kept = JSON.parse(JSON.stringify(eventFromJson(seedEvent())));
  const response = await client.reply(kept, "Hello");
  assert.equal(response.reply_to, kept.message_id);
});

test("a template has its own fields", async () => {
  const response = await client.notify.send({ ...TEMPLATE, to: FROM });
  assert.equal(response.sent, "template");
  assert.deepEqual(response.variables, { name: "Ada" });
  const [request] = await server.received(1);
  assert.equal(request.path, "/v2/notify");
});

test("the template follows a closed window, over the message's channel", async () => {
  await server.script([REFUSED("window_expired")]);
  const response = await client.replyOrTemplate(eventFromJson(seedEvent()), "Hello", TEMPLATE);
  assert.equal(response.sent, "template");
  const [first, second] = await server.received(2);
  assert.deepEqual([first.path, second.path], ["/v2/notify/reply", "/v2/notify"]);
  assert.equal(JSON.parse(second.body).preferred_channel, "whatsapp");
});

test("the template never follows a maybe_sent", async () => {
  await server.script([{ fault: { close: "request" } }]);
  const message = eventFromJson(seedEvent());
  const error = await failure(client.replyOrTemplate(message, "Hello", TEMPLATE));
  assert.equal(error.code, "maybe_sent");
  assert.equal((await server.received(1)).length, 1);
});

test("the options of a call count for it alone", async () => {
  await server.setDefault({ pace: { before_head_ms: 400 } });
  const error = await failure(client.notify.reply(REPLY, { timeout: 50 }));
  assert.equal(error.outcome, "maybe_sent");
  await client.notify.reply(REPLY, { headers: { "x-trace": "abc" } });
  const requests = await server.received(2);
  assert.deepEqual(requests[1].headers.find(([name]) => name === "x-trace"), ["x-trace", "abc"]);
});

test("extra headers come in every form", async () => {
  const forms = [
    { "x-trace": "abc", "x-none": undefined },
    new Headers({ "x-trace": "abc" }),
    new Map([["x-trace", "abc"]]),
    [["x-trace", "abc"]],
  ];
  for (const headers of forms) {
    await client.notify.reply(REPLY, { headers });
  }
  for (const none of [null, undefined, {}]) {
    await client.reply(MESSAGE, "Hi", { headers: none, signal: null, timeout: null });
  }
  const traces = (await server.received(7)).map(({ headers }) => headers.find(([name]) => name === "x-trace")?.[1]);
  assert.deepEqual(traces, ["abc", "abc", "abc", "abc", undefined, undefined, undefined]);
});

test("it says who it is", async () => {
  await client.notify.reply(REPLY);
  const own = new Client({ apiToken: "token", baseUrl: server.url, userAgent: "mine/1" });
  await own.notify.reply(REPLY);
  const agents = (await server.received(2)).map(
    ({ headers }) => headers.find(([name]) => name === "user-agent")[1],
  );
  assert.match(agents[0], /^backchat-node\/\d+\.\d+\.\d+$/);
  assert.equal(agents[1], "mine/1");
});

test("a wrong option is named", async () => {
  const wrong = (options) => failure(() => new Client({ apiToken: "token", ...options }));
  for (const [options, name] of [
    [{ baseURL: "https://api.prelude.dev" }, "baseURL"],
    [{ baseUrl: "http://api.prelude.dev" }, "baseUrl"],
    [{ timeout: 0 }, "timeout"],
    [{ timeout: Number.NaN }, "timeout"],
    [{ timeout: "8s" }, "timeout"],
    [{ connectTimeout: -1 }, "connectTimeout"],
    [{ maxRetries: 1.5 }, "maxRetries"],
    [{ maxConnections: 0 }, "maxConnections"],
    [{ caCertificate: ["nonsense"] }, "caCertificate"],
    [{ caCertificate: [null] }, "caCertificate"],
    [{ apiToken: 7 }, "apiToken"],
    [{ onLog: "yes" }, "onLog"],
  ]) {
    const error = await wrong(options);
    assert.ok(error instanceof ConfigurationError, `${error}`);
    assert.equal(error.option, name);
    assert.match(error.message, new RegExp(`\`${name}\``));
  }
});

test("a wrong argument is an error of the call", async () => {
  for (const [call, name] of [
    [() => client.notify.reply({ ...REPLY, to: 33612345678 }), "to"],
    [() => client.reply({ from: FROM, message_id: 1 }, "Hi"), "message_id"],
    [() => client.notify.reply(REPLY, { retries: 1 }), "retries"],
    [() => client.notify.reply(REPLY, { maxRetries: -1 }), "maxRetries"],
    [() => client.notify.reply(REPLY, { signal: true }), "signal"],
    [() => client.notify.send({ ...TEMPLATE, to: FROM, variables: { n: 1 } }), "template"],
    [() => client.notify.send({ ...TEMPLATE, to: FROM, variables: { n: 5n } }), "template"],
    [() => client.notify.send(() => TEMPLATE), "template"],
    [() => client.replyOrTemplate(MESSAGE, "Hi", { ...TEMPLATE, variables: { n: 5n } }), "template"],
    [() => client.notify.reply(REPLY, { headers: "x-trace: abc" }), "headers"],
    [() => client.notify.reply(REPLY, { headers: ["x-trace"] }), "headers"],
    [() => client.notify.reply(REPLY, { headers: { "x-trace": Symbol("abc") } }), "headers"],
  ]) {
    const promise = call();
    const error = await failure(promise);
    assert.ok(error instanceof ConfigurationError, `${error}`);
    assert.equal(error.option, name);
  }
  assert.equal((await failure(client.notify.reply())).code, "invalid_phone_number");
  assert.equal((await failure(client.reply(undefined, "Hi"))).code, "invalid_phone_number");
  assert.equal((await failure(client.replyOrTemplate(undefined, "Hi", TEMPLATE))).code, "invalid_phone_number");
  assert.equal((await server.counts()).posts, 0);
});

test("many calls share the connections", async () => {
  const narrow = new Client({ apiToken: "token", baseUrl: server.url, maxConnections: 4 });
  await Promise.all(Array.from({ length: 64 }, () => narrow.notify.reply(REPLY)));
  const { posts, connections } = await server.counts();
  assert.equal(posts, 64);
  assert.ok(connections <= 4, `${connections} connections`);
});

test("a closed client sends nothing", async () => {
  const closed = new Client({ apiToken: "token", baseUrl: server.url });
  await closed.close();
  const error = await failure(closed.notify.reply(REPLY));
  assert.ok(error instanceof NotSentError);
  assert.equal(error.code, "cancelled");
  await closed[Symbol.asyncDispose]();
  assert.equal((await server.counts()).posts, 0);
});

test("closing waits for what has begun", async () => {
  await server.script([{ pace: { before_head_ms: 200 } }]);
  const closing = new Client({ apiToken: "token", baseUrl: server.url });
  const reply = closing.notify.reply(REPLY);
  await server.received(1);
  const started = performance.now();
  await closing.close();
  assert.match((await reply).id, /^tx_/);
  assert.ok(performance.now() - started < 2000);
});

test("bodies that stall or are cut end their calls", async () => {
  for (const fault of [{ stall: "body" }, { close: "body" }, { reset: "headers" }, { stall: "request" }]) {
    await server.script([{ fault }]);
    const error = await failure(client.notify.reply(REPLY, { timeout: 300 }));
    assert.match(error.outcome, /^(sent|maybe_sent)$/, JSON.stringify(fault));
  }
  assert.equal((await server.counts()).posts, 4);
});
