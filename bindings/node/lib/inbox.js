// `Inbox`: the native half answers each message once; handlers run here.
"use strict";

const { AsyncResource } = require("node:async_hooks");
const native = require("./native.js");
const post = require("./mailbox.js");
const { Client } = require("./client.js");
const { Webhook } = require("./webhook.js");
const { known, optional } = require("./check.js");
const { checked, configuration, fromFields, here } = require("./errors.js");
const { moment, revived } = require("./events.js");
const { fetchHandler } = require("./fetch.js");
const { nodeHandler } = require("./node_handler.js");
const { bytes, pairs } = require("./request.js");

const OPTIONS = ["store", "scope", "slot", "lease", "retention", "queue"];
const QUEUE = ["concurrency", "maxAttempts", "backoff", "longestBackoff", "poll"];

class Inbox {
  #native;
  #handlers = {};
  #failed = print;

  constructor(client, webhook, options = {}) {
    const shell = Inbox;
    if (!(client instanceof Client)) {
      throw configuration("client", "must be a Client", shell);
    }
    if (!(webhook instanceof Webhook)) {
      throw configuration("webhook", "must be a Webhook", shell);
    }
    known(options, OPTIONS, shell);
    const settings = {
      store: optional("store", options.store, "string", shell),
      scope: optional("scope", options.scope, "string", shell),
      slot: optional("slot", options.slot, "string", shell),
      lease: optional("lease", options.lease, "number", shell),
      retention: optional("retention", options.retention, "number", shell),
      queue: queue(options.queue, shell),
    };
    const [sender, verifier] = [Client.native(client), Webhook.native(webhook)];
    this.#native = checked(
      shell,
      () => new (native().Inbox)(post.mailbox, sender, verifier, settings),
    );
    this.fetch = fetchHandler(this, (error) => this.#tell("webhook", error));
  }

  onMessage(handler) {
    return this.#set("message", handler, this.onMessage);
  }

  onDelivery(handler) {
    return this.#set("delivery", handler, this.onDelivery);
  }

  onOptOut(handler) {
    return this.#set("opt_out", handler, this.onOptOut);
  }

  onOther(handler) {
    return this.#set("other", handler, this.onOther);
  }

  onError(hook) {
    this.#failed = callable("hook", hook, this.onError);
    return this;
  }

  async receive(body, headers) {
    const raw = bytes(body);
    const flat = pairs(headers);
    return this.#ended(this.receive, (call) => this.#native.receive(call, raw, flat));
  }

  async handle(event) {
    const verified = event?.verified === true;
    if (typeof event?.raw !== "string") {
      throw configuration("event", "must have its wire form, `raw`", this.handle);
    }
    return this.#ended(this.handle, (call) => this.#native.handle(call, event.raw, verified));
  }

  nodeHandler() {
    return nodeHandler(this, (error) => this.#tell("webhook", error));
  }

  async run() {
    await this.#ended(this.run, (call) => this.#native.run(call));
  }

  async shutdown() {
    await this.#ended(this.shutdown, (call) => this.#native.shutdown(call));
  }

  async outcome(messageId) {
    return this.#ended(this.outcome, (call) => this.#native.outcome(call, messageId));
  }

  async list({ state, since } = {}) {
    const from = since === undefined ? undefined : moment(since);
    return this.#ended(this.list, (call) => this.#native.list(call, state, from));
  }

  async counts() {
    return this.#ended(this.counts, (call) => this.#native.counts(call));
  }

  async oldestMaybeSentAge() {
    return this.#ended(this.oldestMaybeSentAge, (call) => this.#native.oldestMaybeSentAge(call));
  }

  async rearm(messageId) {
    return this.#ended(this.rearm, (call) => this.#native.rearm(call, messageId));
  }

  async forget(phone) {
    return this.#ended(this.forget, (call) => this.#native.forget(call, phone));
  }

  async prune() {
    return this.#ended(this.prune, (call) => this.#native.prune(call));
  }

  [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    return this.shutdown();
  }

  #set(name, handler, shell) {
    this.#handlers[name] = callable("handler", handler, shell);
    this.#native.set(name);
    return this;
  }

  // A call whose handlers run where it was made: with its AsyncLocalStorage, its tracing span.
  async #ended(shell, start) {
    const place = here(shell);
    const request = new AsyncResource("backchat");
    const owner = {
      place,
      handle: (name, event) =>
        request.runInAsyncScope(() => this.#handle(name, revived(event))),
      failed: (failure, error) =>
        request.runInAsyncScope(() => this.#tell(failure.stage, error, failure)),
    };
    const { value, fields } = await post.call(start, owner);
    if (fields === undefined) {
      return value;
    }
    throw fromFields(fields, place);
  }

  async #handle(name, event) {
    const answer = await this.#handlers[name](event);
    return name === "message" ? answer : undefined;
  }

  #tell(stage, error, { event_id = null, message_id = null } = {}) {
    try {
      this.#failed({ stage, event_id, message_id, error });
    } catch (thrown) {
      // The inbox goes on, whatever its log does.
      process.emitWarning(`backchat: onError threw: ${thrown}`);
    }
  }
}

function print({ stage, message_id, event_id, error }) {
  const about = message_id ?? event_id;
  console.error(`backchat: ${stage} failed${about === null ? "" : ` for ${about}`}:`, error);
}

function callable(name, value, shell) {
  if (typeof value !== "function") {
    throw configuration(name, "must be a function", shell);
  }
  return value;
}

function queue(given, shell) {
  if (given === undefined || given === false) {
    return undefined;
  }
  const options = given === true ? {} : given;
  known(options, QUEUE, shell);
  for (const name of QUEUE) {
    optional(name, options[name], "number", shell);
  }
  return options;
}

module.exports = { Inbox };
