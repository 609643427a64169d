// The rows of the table of outcomes that the network can show. What counts is what the server received.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "backchat";
import { REPLY, MESSAGE_ID, sleep } from "./support/data.mjs";
import { FaultServer } from "./support/fault_server.mjs";
import { load } from "./support/vectors.mjs";
import { same } from "./support/same.mjs";

test("every row of the table", async () => {
  const server = await FaultServer.start();
  const { cases } = load("outcomes");
  const failures = [];
  for (const row of cases) {
    try {
      await run(server, row);
    } catch (error) {
      failures.push(`${row.name}: ${error.message}`);
    }
  }
  await server.stop();
  console.log(`vectors: outcomes http ${cases.length}`);
  assert.deepEqual(failures, []);
  assert.ok(cases.length > 0);
});

async function run(server, row) {
  const { url, caCertificate, listens } = await stage(server, row.server ?? "plain");
  await server.reset();
  await server.script(row.script ?? []);
  const attempts = [];
  const client = new Client({
    baseUrl: url,
    apiToken: row.tokens === undefined ? "token" : inTurn(row.tokens),
    allowInsecureHttp: true,
    caCertificate,
    timeout: row.timeout_ms,
    connectTimeout: row.connect_timeout_ms,
    maxRetries: row.max_retries,
    onLog: (entry) => attempts.push(entry),
  });
  for (let i = 0; i < (row.warm_up ?? 0); i += 1) {
    await client.notify.reply(REPLY);
  }
  await sleep(row.pause_ms ?? 0);
  attempts.length = 0;
  const started = performance.now();
  const error = await client.notify.reply(REPLY).then(
    () => null,
    (error) => error,
  );
  const elapsed = performance.now() - started;
  // A second request that is sent late must be seen too.
  await sleep(20);
  check(row.expect, error, elapsed, attempts);
  if (listens) {
    await checkServer(server, row.expect);
  } else {
    same("posts", row.expect.posts, 0);
  }
  await client.close();
}

async function stage(server, kind) {
  switch (kind) {
    case "plain":
      return { url: server.url, listens: true };
    case "refused":
    case "black_hole":
      return { url: (await server.unreachable())[kind], listens: false };
    case "unknown_host":
      return { url: "http://backchat.invalid", listens: false };
    default: {
      const { url, ca_pem } = await server.tls(kind);
      return { url, caCertificate: ca_pem, listens: true };
    }
  }
}

// What the token function gives; the last again and again.
function inTurn(tokens) {
  let asked = 0;
  return async () => tokens[Math.min(asked++, tokens.length - 1)];
}

function check(expect, error, elapsed, attempts) {
  const outcome = error === null ? "sent" : error.outcome;
  same("outcome", expect.outcome, outcome);
  if (expect.code === undefined) {
    same("error", null, error);
  } else {
    same("code is one of the expected", true, [expect.code].flat().includes(error.code));
    checkError(expect, error);
  }
  if (expect.elapsed_at_least_ms !== undefined) {
    same("waited long enough", true, elapsed >= expect.elapsed_at_least_ms);
  }
  given("attempts", expect.attempts, attempts.length);
  same("the log's last outcome", outcome, attempts.at(-1)?.outcome);
}

function checkError(expect, error) {
  given("class", expect.class, error.name);
  given("phase", expect.phase, error.phase);
  given("status", expect.status, error.status);
  given("server_code", expect.server_code, error.serverCode);
  given("safe_to_retry", expect.safe_to_retry, error.safeToRetry);
  given("webhook_status", expect.webhook_status, error.webhookStatus);
  given("retry_after_ms", expect.retry_after_ms, Math.trunc(error.retryAfter));
  same("message_id", MESSAGE_ID, error.messageId);
  same("the correlation id names the message", true, error.correlationId.startsWith(`${MESSAGE_ID}.`));
}

async function checkServer(server, expect) {
  const { posts, connections } = await server.counts();
  same("posts", expect.posts, posts);
  given("connections", expect.connections, connections);
  if (expect.tokens !== undefined) {
    const headers = (await server.requests()).flatMap((request) => request.headers);
    const tokens = headers.filter(([name]) => name.toLowerCase() === "authorization");
    same("tokens", expect.tokens, tokens.map(([, value]) => value.replace("Bearer ", "")));
  }
}

function given(what, expected, got) {
  if (expected !== undefined) {
    same(what, expected, got);
  }
}
