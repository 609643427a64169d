// What a handler is told, what it may return, and what becomes of one that takes too long.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { ConfigurationError, Inbox } from "backchat";
import { Sandbox } from "backchat/testing";
import { FROM, until } from "./support/data.mjs";

const PATIENCE = 20_000;

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(() => sandbox.stop());
beforeEach(() => sandbox.reset());

function inbox(options) {
  return new Inbox(sandbox.client({ timeout: 1000 }), sandbox.webhook(), options);
}

// A promise, and how to settle it.
function held() {
  let release;
  const promise = new Promise((resolve) => (release = resolve));
  return { promise, release };
}

test("a handler gets its attempt, its time and a signal", async () => {
  const seen = [];
  const one = inbox({ handlerTimeout: 60_000 })
    .onMessage((message, context) => {
      seen.push(context);
      if (context.attempt === 1) {
        throw new Error("not yet");
      }
      return "Hello";
    })
    .onOptOut((event, context) => void seen.push(context))
    .onError(() => {});
  const { body, headers } = await sandbox.say(FROM, "Hi");
  assert.equal((await one.receive(body, headers)).body, "handler_failed");
  assert.equal((await one.receive(body, headers)).body, "sent");
  const stop = await sandbox.optOut(FROM, "HELP");
  await one.receive(stop.body, stop.headers);
  assert.deepEqual(seen.map(({ attempt }) => attempt), [1, 2, 1]);
  for (const { signal, remaining } of seen) {
    assert.ok(signal instanceof AbortSignal);
    assert.equal(signal.aborted, false);
    assert.ok(remaining() > 0 && remaining() <= 60_000);
  }
});

test("a handler that never ends has failed, and does not run a second time beside itself", async () => {
  const hung = held();
  const failures = [];
  let runs = 0;
  let signal;
  const one = inbox({ handlerTimeout: 300 })
    .onMessage(async (message, context) => {
      if (message.text !== "Hang") {
        return "Hello";
      }
      runs += 1;
      if (runs === 1) {
        ({ signal } = context);
        await hung.promise;
        return "too late";
      }
      return "in time";
    })
    .onError((failure) => failures.push(failure));
  const { body, headers, message_id } = await sandbox.say(FROM, "Hang");
  assert.deepEqual((await one.receive(body, headers)).body, "handler_failed");
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason.name, "TimeoutError");
  assert.match(failures[0].error.message, /longer than `handlerTimeout`/);
  assert.equal(failures[0].message_id, message_id);

  assert.equal((await one.receive(body, headers)).body, "handler_failed");
  assert.equal(runs, 1);
  const other = await sandbox.say("+33612345679", "Hi");
  assert.equal((await one.receive(other.body, other.headers)).body, "sent");

  hung.release();
  await until(async () => (await one.receive(body, headers)).body === "sent", PATIENCE);
  assert.equal(runs, 2);
  assert.deepEqual(sandbox.messages.map(({ text }) => text), ["Hello", "in time"]);
});

test("in the queue hung handlers do not hold up the others, nor the end", async () => {
  let runs = 0;
  const signals = [];
  const one = inbox({ handlerTimeout: 500, queue: { concurrency: 2, poll: 10 } })
    .onMessage((message, { signal }) => {
      if (message.text === "Hi") {
        return "Hello";
      }
      runs += 1;
      signals.push(signal);
      return new Promise(() => {});
    })
    .onError(() => {});
  for (const sender of ["+33612345670", "+33612345671"]) {
    const { body, headers } = await sandbox.say(sender, "Hang");
    await one.receive(body, headers);
  }
  const running = one.run();
  await until(() => runs === 2, PATIENCE);
  const { body, headers } = await sandbox.say(FROM, "Hi");
  await one.receive(body, headers);
  await until(() => sandbox.messages.length === 1, PATIENCE);
  assert.equal(await one.shutdown({ limit: 5000 }), false);
  await running;
  assert.equal(runs, 2);
  assert.ok(signals.every(({ aborted }) => aborted));
});

test("a shutdown with a limit ends a handler that hangs, and its message is free", async () => {
  const begun = held();
  let signal;
  const one = inbox({ queue: { poll: 10 } })
    .onMessage((message, context) => {
      ({ signal } = context);
      begun.release();
      return new Promise(() => {});
    })
    .onError(() => {});
  const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
  await one.receive(body, headers);
  const running = one.run();
  await begun.promise;
  const began = performance.now();
  assert.equal(await one.shutdown({ limit: 200 }), false);
  await running;
  assert.ok(performance.now() - began < PATIENCE);
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason.name, "AbortError");
  assert.equal((await one.outcome(message_id)).state, "retrying");
});

test("a shutdown is true when the handlers end at their signal", async () => {
  const begun = held();
  const one = inbox({ queue: { poll: 10 } })
    .onMessage(async (message, { signal }) => {
      begun.release();
      await new Promise((resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    })
    .onError(() => {});
  const { body, headers } = await sandbox.say(FROM, "Hi");
  await one.receive(body, headers);
  const running = one.run();
  await begun.promise;
  assert.equal(await one.shutdown({ limit: 200 }), true);
  await running;
});

test("a shutdown without anything to do is true", async () => {
  assert.equal(await inbox().shutdown(), true);
  assert.equal(await inbox().shutdown({ limit: 100 }), true);
});

class Answer {
  text = "Hello";
}

test("what is no answer is a failure that says what was returned", async () => {
  const secret = "private words";
  function* words() {
    yield secret;
  }
  async function* stream() {
    yield secret;
  }
  for (const [wrong, said] of [
    [{}, /`text` is undefined/],
    [{ text: undefined }, /`text` is undefined/],
    [{ text: null }, /`text` is null/],
    [{ text: 7 }, /`text` is a number/],
    [{ text: Promise.resolve(secret) }, /`text` is an object of the type Promise/],
    [{ text: secret, txt: secret }, /unknown field `txt`/],
    [new Error(secret), /type Error/],
    [new Response(secret), /type Response/],
    [words(), /type Generator/],
    [stream(), /type AsyncGenerator/],
    [new ReadableStream(), /type ReadableStream/],
    [new Answer(), /type Answer/],
    [[secret], /type Array/],
    [new Date(0), /type Date/],
    [7, /a number/],
    [false, /a boolean/],
    [0, /a number/],
    [1n, /a bigint/],
    [Symbol(secret), /a symbol/],
    [() => secret, /a function/],
  ]) {
    const failures = [];
    const one = inbox().onMessage(() => wrong).onError((failure) => failures.push(failure));
    const { body, headers } = await sandbox.say(FROM, "Hi");
    assert.equal((await one.receive(body, headers)).body, "handler_failed", `${said}`);
    const [{ stage, error }] = failures;
    assert.equal(stage, "handler");
    assert.ok(error instanceof ConfigurationError, `${said}`);
    assert.equal(error.option, "onMessage");
    assert.match(error.message, said);
    assert.doesNotMatch(error.message, /private words/);
  }
  assert.equal(sandbox.messages.length, 0);
});

function* generator() {
  yield 1;
}
async function* asyncGenerator() {
  yield 1;
}

test("a generator function, whose body would never run, is refused", () => {
  const refused = (make, name) =>
    assert.throws(
      make,
      (error) => error instanceof ConfigurationError && error.option === name && /generator function/.test(error.message),
      name,
    );
  for (const wrong of [generator, asyncGenerator]) {
    for (const name of ["onDelivery", "onOptOut", "onOther", "onError"]) {
      refused(() => inbox()[name](wrong), name);
    }
    for (const name of ["onLog", "apiToken"]) {
      refused(() => sandbox.client({ [name]: wrong }), name);
    }
  }
});

test("one for messages has failed when it was called", async () => {
  for (const [handler, said] of [[generator, /type Generator/], [asyncGenerator, /type AsyncGenerator/]]) {
    const failures = [];
    const one = inbox().onMessage(handler).onError((failure) => failures.push(failure));
    const { body, headers } = await sandbox.say(FROM, "Hi");
    assert.equal((await one.receive(body, headers)).body, "handler_failed");
    assert.equal(failures[0].error.option, "onMessage");
    assert.match(failures[0].error.message, said);
  }
});

test("a generator that another handler returns is a failure", async () => {
  // As a compiler to an older JavaScript writes an async generator.
  const compiled = { next: async () => ({ done: true }), [Symbol.asyncIterator]: () => compiled };
  for (const handler of [() => generator(), async () => asyncGenerator(), () => compiled]) {
    const failures = [];
    const one = inbox().onOptOut(handler).onError((failure) => failures.push(failure));
    const { body, headers } = await sandbox.optOut(FROM, "HELP");
    assert.equal((await one.receive(body, headers)).status, 503);
    assert.equal(failures[0].stage, "handler");
    assert.equal(failures[0].error.option, "onOptOut");
    assert.match(failures[0].error.message, /returned a generator/);
  }
});

test("a hook that returns a generator is warned of", async () => {
  const warnings = [];
  const warn = (warning) => warnings.push(warning.message);
  process.on("warning", warn);
  for (const hook of [() => generator(), async () => asyncGenerator()]) {
    const one = inbox()
      .onMessage(() => Promise.reject(new Error("oh")))
      .onError(hook);
    const { body, headers } = await sandbox.say(FROM, "Hi");
    assert.equal((await one.receive(body, headers)).body, "handler_failed");
  }
  await until(() => warnings.length === 2);
  process.off("warning", warn);
  for (const warning of warnings) {
    assert.match(warning, /^backchat: onError returned a generator/);
  }
});

test("an empty text is a failure", async () => {
  for (const empty of ["", { text: "" }]) {
    const failures = [];
    const one = inbox().onMessage(() => empty).onError(({ error }) => failures.push(error));
    const { body, headers } = await sandbox.say(FROM, "Hi");
    assert.equal((await one.receive(body, headers)).body, "handler_failed");
    assert.equal(failures[0].code, "missing_text");
  }
});

test("a handler that always fails is given up", async () => {
  const failures = [];
  const one = inbox({ maxAttempts: 2 })
    .onMessage(() => "")
    .onError((failure) => failures.push(failure));
  const { body, headers, message_id } = await sandbox.say(FROM, "Hi");
  const receipts = [];
  for (let i = 0; i < 3; i += 1) {
    receipts.push(await one.receive(body, headers));
  }
  assert.deepEqual(receipts.map(({ status }) => status), [503, 200, 200]);
  assert.deepEqual(failures.map(({ final }) => final), [false, true]);
  assert.equal((await one.outcome(message_id)).state, "given_up");
});

test("a hook whose promise rejects ends nothing", async () => {
  const warnings = [];
  const warn = (warning) => warnings.push(warning.message);
  process.on("warning", warn);
  const one = inbox()
    .onMessage(() => Promise.reject(new Error("oh")))
    .onError(async () => {
      throw new Error("the pager is\ndown");
    });
  const { body, headers } = await sandbox.say(FROM, "Hi");
  assert.equal((await one.receive(body, headers)).body, "handler_failed");
  await until(() => warnings.length === 1);
  process.off("warning", warn);
  assert.match(warnings[0], /^backchat: onError threw: Error: the pager is\ufffddown$/);
});

test("a second function of a kind is refused", () => {
  const one = inbox();
  for (const name of ["onMessage", "onDelivery", "onOptOut", "onOther", "onError"]) {
    one[name](() => {});
    assert.throws(() => one[name](() => {}), (error) => error instanceof ConfigurationError && error.option === name);
  }
});

test("messages that no worker takes are told about, though no call is under way", { timeout: 150_000 }, async () => {
  const failures = [];
  const one = inbox({ queue: true })
    .onMessage(() => "Hello")
    .onError((failure) => failures.push(failure));
  const { body, headers } = await sandbox.say(FROM, "Hi");
  assert.equal((await one.receive(body, headers)).body, "queued");
  assert.deepEqual((await one.health()).running, false);
  await until(() => failures.length === 1, 120_000);
  assert.deepEqual([failures[0].stage, failures[0].final, failures[0].event_id], ["queue", false, null]);
  assert.equal(failures[0].error.option, "queue");
  const { ok, oldest_due } = await one.health();
  assert.equal(ok, false);
  assert.ok(oldest_due > 60_000);
  const running = one.run();
  await until(() => sandbox.messages.length === 1, PATIENCE);
  assert.equal((await one.health()).ok, true);
  assert.equal(await one.shutdown(), true);
  await running;
});

test("DEBUG=backchat prints one line for each request", async () => {
  const { body, headers } = await sandbox.say(FROM, "private words");
  const script = `
    const { Client, Inbox, Webhook } = require("backchat");
    const [client, key, body, headers] = JSON.parse(process.argv[1]);
    const inbox = new Inbox(new Client(client), new Webhook(key)).onMessage(() => null);
    (async () => {
      await inbox.receive(body, headers);
      await inbox.receive(body, headers);
      await inbox.receive(body, []);
    })();`;
  const input = JSON.stringify([{ apiToken: sandbox.token, baseUrl: sandbox.url }, sandbox.publicKey, body, headers]);
  const child = spawn(process.execPath, ["-e", script, input], { env: { ...process.env, DEBUG: "backchat" } });
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
  const [code] = await once(child, "close");
  assert.equal(code, 0, printed);
  const lines = printed.trim().split("\n");
  const about = (word) => lines.filter((line) => line.includes(word)).length;
  assert.deepEqual(
    ["event received", "message skipped", "message redelivered", "request refused"].map(about),
    [2, 1, 1, 1],
    printed,
  );
  assert.doesNotMatch(printed, /private words|33612345678/);
});
