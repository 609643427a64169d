// Nothing that a server or a forged event wrote is printed whole, whatever field it stands in.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { inspect } from "node:util";
import { Client, Inbox, Webhook, eventFromJson } from "backchat";
import { REPLY, failure, until } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";

// A word of the wire that is none: private, and with what breaks a line of a log or hides it.
const CANARY = "canary\nline\u001b[2J\u2028+33600000009";
// A number whose first and last characters, which an address shows, break a line.
const EDGES = "\n\u001b[31mcanary+33600000009\u2028\n";

let server;
before(async () => {
  server = await FaultServer.start();
});
after(() => server.stop());
beforeEach(() => server.reset());

function clean(printed) {
  assert.doesNotMatch(printed, /canary|600000009|[\u001b\u2028]|\\n|\\x1b/, printed);
}

// As `console.log` prints, alone and within others.
function assertClean(what) {
  clean(inspect(what));
  clean(inspect({ what: [what] }, { depth: 9 }));
}

// An error, which an error tracker or a logger reads field by field.
function assertCleanError(error) {
  assertClean(error);
  const own = Object.fromEntries(Object.entries(error));
  const plain = { customInspect: false, depth: 9, showHidden: false };
  for (const printed of [`${error}`, error.message, JSON.stringify(error), JSON.stringify(own), inspect(error, plain)]) {
    clean(printed.replace(error.stack, ""));
  }
  clean(error.stack.split("\n    at ")[0]);
}

function event(type, payload) {
  return eventFromJson(JSON.stringify({ id: CANARY, type, created_at: CANARY, payload }));
}

function all(word, ...names) {
  return Object.fromEntries(names.map((name) => [name, word]));
}

test("events", () => {
  for (const word of [CANARY, EDGES]) {
    const inbound = event("inbound.message.received", {
      ...all(word, "message_id", "channel", "from", "to"),
      content: { text: word },
      conversation: { window_expires_at: word },
    });
    assertClean(inbound);
    assert.deepEqual([inbound.message_id, inbound.channel], [word, word]);
    const names = ["message_id", "correlation_id", "reason", "status", "to", "channel", "attempt_id"];
    const delivery = event("transactional.message.failed", {
      ...all(word, ...names, "template_id", "customer_uuid", "created_at", "expires_at"),
      fee: all(word, "amount", "currency"),
    });
    assertClean(delivery);
    assertClean(delivery.fee);
    assert.equal(delivery.fee.currency, word);
    assertClean(event("marketing.subscription.stop", all(word, "action", "from", "to", "received_at")));
    assertClean(event(word, { anything: word }));
  }
});

test("what looks like a word is printed", () => {
  const delivery = eventFromJson(
    JSON.stringify({
      id: "evt_1",
      type: "transactional.message.failed",
      created_at: "2025-10-24T08:59:10.7+02:00",
      payload: { message_id: "tx_1", reason: "carrier_rejected", fee: { amount: "0.05", currency: "EUR" } },
    }),
  );
  const printed = inspect(delivery);
  for (const word of ["evt_1", "2025-10-24T08:59:10.7+02:00", "tx_1", "carrier_rejected", "0.05", "EUR"]) {
    assert.ok(printed.includes(`'${word}'`), printed);
  }
});

test("events that cannot be read", async () => {
  for (const json of [
    CANARY,
    `"${CANARY}`,
    `{"${CANARY}`,
    '["canary"]',
    '{"canary": canary}',
    '{"id": 1, "type": "canary", "created_at": "canary", "payload": "canary"}',
    '{"id": "evt_1", "type": "inbound.message.received", "created_at": "x", "payload": {"from": ["canary"]}}',
  ]) {
    assertCleanError(await failure(() => eventFromJson(json)));
  }
});

// Sends a reply that is answered so, and reads what is printed: its answer or its error, and the log.
async function assertAnswerIsClean(step) {
  await server.reset();
  await server.script([step]);
  const entries = [];
  const client = new Client({
    apiToken: "canary",
    baseUrl: server.url,
    maxRetries: 0,
    onLog: (entry) => entries.push(entry),
  });
  const reply = client.notify.reply({ ...REPLY, text: "canary", correlation_id: "own" });
  const end = await reply.catch((error) => error);
  if (end instanceof Error) {
    assertCleanError(end);
  } else {
    assertClean(end);
  }
  await until(() => entries.length === 1);
  assertClean(entries);
  clean(JSON.stringify(entries));
  assert.equal((await server.counts()).posts, 1);
  return end;
}

test("answers and refusals", async () => {
  const answer = {
    ...all(CANARY, "id", "text", "created_at"),
    to: EDGES,
    reply_to: REPLY.reply_to,
    callback_url: "https://user:canary@host/canary?token=canary",
    correlation_id: "own",
  };
  const response = await assertAnswerIsClean({ status: 200, body: { json: answer } });
  assert.equal(response.id, CANARY);
  const refusal = all(CANARY, "code", "message", "type", "request_id");
  for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 503, 307]) {
    await assertAnswerIsClean({ status, body: { json: refusal } });
    await assertAnswerIsClean({ status, body: { text: "<p>canary\n" } });
  }
  await assertAnswerIsClean({ status: 200, body: { text: "canary\n" } });
});

test("the exact words can be asked for", async () => {
  const headers = [["x-request-id", "canary +33600000009"]];
  const refused = await assertAnswerIsClean({ status: 400, headers, body: { json: { code: CANARY } } });
  assert.deepEqual([refused.code, refused.requestId], [CANARY, "canary +33600000009"]);
  assert.deepEqual([refused.toJSON().code, refused.toJSON().requestId], ["…", "…"]);
  const unknown = await assertAnswerIsClean({ status: 500, body: { json: { code: CANARY } } });
  assert.equal(unknown.serverCode, CANARY);
  const known = await assertAnswerIsClean({ status: 400, body: { json: { code: "window_expired" } } });
  assert.equal(Object.entries(known).find(([name]) => name === "code")[1], "window_expired");
});

test("a template's answer", async () => {
  const answer = { ...all(CANARY, "id", "template_id", "locale", "encoding"), variables: { [CANARY]: CANARY } };
  await server.script([{ status: 200, body: { json: { ...answer, to: EDGES, created_at: CANARY } } }]);
  const client = new Client({ apiToken: "canary", baseUrl: server.url });
  assertClean(await client.notify.send({ template_id: "template_1", to: REPLY.to }));
});

test("rows of the ledger, and failures", async (t) => {
  const print = t.mock.method(console, "error", () => {});
  await server.setDefault({ status: 400, body: { json: { code: CANARY } } });
  const client = new Client({ apiToken: "canary", baseUrl: server.url });
  const failures = [];
  const alarmed = new Inbox(client, Webhook.unverified()).onMessage(() => "Hi").onError((f) => failures.push(f));
  const silent = new Inbox(client, Webhook.unverified()).onMessage(() => "Hi");
  for (const inbox of [alarmed, silent]) {
    for (const message_id of ["im_1", CANARY]) {
      const payload = { message_id, from: REPLY.to, content: { text: "canary" } };
      await inbox.handle(event("inbound.message.received", payload));
    }
    const rows = await inbox.list();
    assert.equal(rows.length, 2);
    assert.deepEqual(rows.map(({ message_id }) => message_id).sort(), [CANARY, "im_1"].sort());
    const row = await inbox.outcome("im_1");
    assert.equal(row.code, CANARY);
    for (const one of [...rows, row]) {
      assertClean(one);
      clean(JSON.stringify(one));
    }
    assert.match(inspect(row), /code: '…'/);
  }
  assert.equal(failures.length, 2);
  assert.equal(failures[0].event_id, CANARY);
  for (const one of failures) {
    clean(inspect({ ...one, error: undefined }));
    assertClean(one);
    assertCleanError(one.error);
  }
  assert.equal(print.mock.calls.length, 2);
  for (const call of print.mock.calls) {
    call.arguments.forEach(assertClean);
    assert.match(inspect(call.arguments[1]), /event_id: '…'/);
  }
});

test("what a caller gives", async () => {
  const wrong = [
    () => new Client({ apiToken: "t", baseUrl: "https://user:canary@host" }),
    () => new Client({ apiToken: "t", baseUrl: "canary\n://" }),
    () => new Client({ apiToken: "t", proxy: "ftp://user:canary@host" }),
    () => new Client({ apiToken: "t", callbackUrl: "canary\n" }),
    () => new Client({ apiToken: "t", userAgent: "canary\n" }),
    () => new Client({ apiToken: "t", caCertificate: "canary\n" }),
    () => new Client({ apiToken: "canary\n" }),
    () => new Webhook("canary\n"),
    () => new Webhook("-----BEGIN PUBLIC KEY-----\ncanary\n-----END PUBLIC KEY-----"),
    () => new Webhook('{"keys": [{"canary": "canary"}]}'),
  ];
  const client = new Client({ apiToken: "t", baseUrl: "http://127.0.0.1:9" });
  const template = { template_id: "template_1", to: REPLY.to };
  wrong.push(
    () => client.notify.reply({ ...REPLY, to: CANARY }),
    () => client.notify.reply({ ...REPLY, reply_to: CANARY }),
    () => client.notify.reply({ ...REPLY, callback_url: CANARY }),
    () => client.notify.reply({ ...REPLY, correlation_id: CANARY.repeat(9) }),
    () => client.notify.reply(REPLY, { headers: { [CANARY]: "x" } }),
    () => client.notify.reply(REPLY, { headers: { x: CANARY } }),
    () => client.notify.inboundMedia(CANARY),
    () => client.notify.send({ ...template, template_id: CANARY }),
    () => client.notify.send({ ...template, from: CANARY }),
    () => client.notify.send({ ...template, locale: CANARY }),
    () => client.notify.send({ ...template, expires_at: CANARY }),
    () => client.notify.send({ ...template, document: { url: CANARY } }),
    () => client.notify.send({ ...template, variables: CANARY }),
    () => client.notify.send({ ...template, max_auto_retries: CANARY }),
  );
  for (const call of wrong) {
    assertCleanError(await failure(call));
  }
});
