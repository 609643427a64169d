// Every wrong option of an inbox, by its name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Client, ConfigurationError, Inbox, Webhook } from "backchat";

const DAY = 24 * 3600 * 1000;

function make(options) {
  return new Inbox(new Client({ apiToken: "t" }), Webhook.unverified(), options);
}

function refused(option, options) {
  assert.throws(
    () => make(options),
    (error) => error instanceof ConfigurationError && error.option === option,
    `${option}: ${inspect(options)}`,
  );
}

const NO_TIME = [0, -1, 1e20, 1e300, NaN, Infinity, -Infinity, "5", null, {}, true, 5n];

test("times and numbers", () => {
  for (const name of ["lease", "handlerTimeout", "retention", "maxEventAge", "maxAttempts"]) {
    for (const wrong of NO_TIME) {
      if (name !== "maxEventAge" || wrong !== null) {
        refused(name, { [name]: wrong });
      }
    }
  }
  refused("maxAttempts", { maxAttempts: 1.5 });
});

test("texts", () => {
  for (const name of ["store", "scope", "slot"]) {
    for (const wrong of ["", null, 7, {}, ["a"]]) {
      refused(name, { [name]: wrong });
    }
  }
  refused("store", { store: "mysql://host/database" });
});

test("the queue", () => {
  for (const name of ["concurrency", "maxAttempts", "backoff", "longestBackoff", "poll"]) {
    for (const wrong of NO_TIME) {
      refused(name, { queue: { [name]: wrong } });
    }
  }
  refused("concurrency", { queue: { concurrency: 1.5 } });
  refused("longestBackoff", { queue: { backoff: 100, longestBackoff: 50 } });
  refused("workers", { queue: { workers: 2 } });
  for (const wrong of [null, "yes", 1]) {
    refused("queue", { queue: wrong });
  }
});

test("options that do not fit together", () => {
  refused("lease", { lease: 8000 });
  refused("lease", { lease: 17_000 });
  refused("handlerTimeout", { handlerTimeout: 120_000 });
  refused("retention", { retention: 14 * DAY });
});

test("a name that is no option", () => {
  refused("leese", { leese: 1000 });
  refused("handler_timeout", { handler_timeout: 1000 });
});

test("the options of a shutdown", async () => {
  for (const [options, option] of [
    [{ limit: -1 }, "limit"],
    [{ limit: NaN }, "limit"],
    [{ limit: "5" }, "limit"],
    [{ limt: 5 }, "limt"],
  ]) {
    await assert.rejects(make().shutdown(options), (error) => error.option === option);
  }
});

test("good ones are taken", () => {
  make({ maxEventAge: null, maxAttempts: 1, handlerTimeout: 1000, lease: 18_000, retention: 15 * DAY });
  make({ queue: { concurrency: 1, maxAttempts: 1, backoff: 1, longestBackoff: 1, poll: 1 } });
  make({ queue: true });
  make({ queue: false, store: undefined });
});
