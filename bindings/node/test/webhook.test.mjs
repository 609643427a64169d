import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationError, SignatureVerificationError, Webhook } from "backchat";
import { failure } from "./support/data.mjs";
import { load } from "./support/vectors.mjs";

const { cases, keys, bodies } = load("signatures");
const good = cases.find(
  ({ call, keys, headers = [], expect }) =>
    call === "webhook.verify" && keys.length === 1 && headers.length === 1 && expect.event,
);
const body = bodies[good.body].text;
const [[name, value]] = good.headers;
const webhook = new Webhook(keys[good.keys[0]]);

test("every form of headers", () => {
  for (const headers of [
    { [name]: value },
    { [name.toLowerCase()]: [value], other: undefined, "set-cookie": ["a", "b"] },
    new Headers({ [name]: value }),
    [[name, value], ["content-type", "application/json"]],
  ]) {
    assert.equal(webhook.verify(body, headers).verified, true);
  }
});

test("every form of body", () => {
  const bytes = new TextEncoder().encode(body);
  for (const form of [body, bytes, Buffer.from(body), bytes.buffer.slice(0), bytes.subarray(0)]) {
    assert.equal(webhook.verify(form, good.headers).verified, true);
  }
  const middle = Buffer.concat([Buffer.from("xx"), Buffer.from(body), Buffer.from("yy")]);
  const view = new Uint8Array(middle.buffer, middle.byteOffset + 2, bytes.length);
  assert.equal(webhook.verify(view, good.headers).verified, true);
});

test("a parsed body is refused with what to do", async () => {
  for (const parsed of [JSON.parse(body), null, undefined, 7, [1]]) {
    const error = await failure(() => webhook.verify(parsed, good.headers));
    assert.ok(error instanceof TypeError);
    for (const framework of ["Express", "Fastify", "Next.js", "Hono"]) {
      assert.match(error.message, new RegExp(framework));
    }
  }
});

test("headers of another form are refused", async () => {
  for (const headers of [undefined, null, "x", 7, ["a", "b"], [["only a name"]]]) {
    assert.ok((await failure(() => webhook.verify(body, headers))) instanceof TypeError);
  }
});

test("a header that came twice is refused", async () => {
  const error = await failure(() => webhook.verify(body, { [name]: [value, value] }));
  assert.ok(error instanceof SignatureVerificationError);
  assert.equal(error.reason, "header_repeated");
  assert.equal(error.webhookStatus, 401);
  assert.equal(error.outcome, null);
});

test("the key comes from the environment", async () => {
  delete process.env.PRELUDE_WEBHOOK_PUBLIC_KEY;
  assert.ok((await failure(() => new Webhook())) instanceof ConfigurationError);
  process.env.PRELUDE_WEBHOOK_PUBLIC_KEY = keys[good.keys[0]];
  assert.equal(new Webhook().verify(body, good.headers).verified, true);
  delete process.env.PRELUDE_WEBHOOK_PUBLIC_KEY;
});

test("what is no key is refused by name", async () => {
  for (const wrong of [7, {}, [7], [null], Buffer.from("key")]) {
    assert.equal((await failure(() => new Webhook(wrong))).option, "publicKeys");
  }
});

test("several keys, for the days of a rotation", () => {
  const other = Object.entries(keys).find(([key]) => key !== good.keys[0] && key.includes("2048"))?.[1];
  const both = new Webhook([other ?? keys[good.keys[0]], keys[good.keys[0]]]);
  assert.equal(both.verify(body, good.headers).verified, true);
});
