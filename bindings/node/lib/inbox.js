// `Inbox`: the native half answers each message once; handlers run here.
"use strict";

const { AsyncResource } = require("node:async_hooks");
const native = require("./native.js");
const post = require("./mailbox.js");
const { Client } = require("./client.js");
const { Webhook } = require("./webhook.js");
const { answered } = require("./answer.js");
const { exact, known, moment } = require("./check.js");
const { checked, configuration, fromFields, here } = require("./errors.js");
const { revived, wireForm } = require("./events.js");
const { fetchHandler } = require("./fetch.js");
const { UNDONE, isUndone, noGenerator } = require("./function.js");
const { maskedWords } = require("./inspect.js");
const { isDebugged, tryHook } = require("./log.js");
const { nodeHandler } = require("./node_handler.js");
const { bytes, pairs } = require("./request.js");

const TEXTS = ["store", "scope", "slot"];
const NUMBERS = ["lease", "handlerTimeout", "retention", "maxEventAge", "maxAttempts"];
const OPTIONS = [...TEXTS, ...NUMBERS, "queue"];
const QUEUE = ["concurrency", "maxAttempts", "backoff", "longestBackoff", "poll"];

// The methods that set the handlers, by the native half's names of these.
const METHODS = { message: "onMessage", delivery: "onDelivery", opt_out: "onOptOut", other: "onOther" };

const collected = new FinalizationRegistry((number) => post.inboxes.delete(number));

class Inbox {
  #native;
  #handlers = {};
  #hook;
  // Who is told what goes wrong while no call is under way.
  #owner = { failed: (failure, error) => this.#tell(failure.stage, error, failure) };

  constructor(client, webhook, options = {}) {
    const shell = Inbox;
    if (!(client instanceof Client)) {
      throw configuration("client", "must be a Client", shell);
    }
    if (!(webhook instanceof Webhook)) {
      throw configuration("webhook", "must be a Webhook", shell);
    }
    known(options, OPTIONS, shell);
    const settings = settled(options, shell);
    const number = post.nextNumber();
    const [sender, verifier] = [Client.native(client), Webhook.native(webhook)];
    this.#native = checked(
      shell,
      () => new (native().Inbox)(post.mailbox, number, sender, verifier, settings),
    );
    post.inboxes.set(number, new WeakRef(this.#owner));
    collected.register(this, number);
    printDebugged();
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
    callable("hook", hook, this.onError);
    noGenerator("onError", hook, this.onError);
    if (this.#hook !== undefined) {
      throw configuration("onError", SET, this.onError);
    }
    this.#hook = hook;
    return this;
  }

  async receive(body, headers) {
    const raw = bytes(body);
    const flat = pairs(headers);
    return this.#ended(this.receive, (call) => this.#native.receive(call, raw, flat));
  }

  async handle(event) {
    const { raw, verified } = kept(event, this.handle);
    return this.#ended(this.handle, (call) => this.#native.handle(call, raw, verified));
  }

  nodeHandler() {
    return nodeHandler(this, (error) => this.#tell("webhook", error));
  }

  async run() {
    await this.#ended(this.run, (call) => this.#native.run(call));
  }

  async shutdown(options = {}) {
    known(options, ["limit"], this.shutdown);
    const limit = exact("limit", options.limit, "number", this.shutdown);
    return this.#ended(this.shutdown, (call) => this.#native.shutdown(call, limit));
  }

  async health() {
    return this.#ended(this.health, (call) => this.#native.health(call));
  }

  async outcome(messageId) {
    const id = text("messageId", messageId, this.outcome);
    const record = await this.#ended(this.outcome, (call) => this.#native.outcome(call, id));
    return record === null ? null : row(record);
  }

  async list(query = {}) {
    known(query, ["state", "since"], this.list);
    const { since } = query;
    const state = exact("state", query.state, "string", this.list);
    const from = since === undefined || since === null ? undefined : moment("since", since, this.list);
    const records = await this.#ended(this.list, (call) => this.#native.list(call, state, from));
    return records.map(row);
  }

  async counts() {
    return this.#ended(this.counts, (call) => this.#native.counts(call));
  }

  async oldestMaybeSentAge() {
    return this.#ended(this.oldestMaybeSentAge, (call) => this.#native.oldestMaybeSentAge(call));
  }

  async rearm(messageId, event) {
    const id = text("messageId", messageId, this.rearm);
    if (event === undefined) {
      return this.#ended(this.rearm, (call) => this.#native.rearm(call, id));
    }
    const { raw, verified } = kept(event, this.rearm);
    return this.#ended(this.rearm, (call) => this.#native.rearmWith(call, id, raw, verified));
  }

  async forget(phone) {
    const number = text("phone", phone, this.forget);
    return this.#ended(this.forget, (call) => this.#native.forget(call, number));
  }

  async prune() {
    return this.#ended(this.prune, (call) => this.#native.prune(call));
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.shutdown();
  }

  #set(name, handler, shell) {
    callable("handler", handler, shell);
    // One of messages is told of when it is called: it is a stream of a model, mostly.
    if (name !== "message") {
      noGenerator(METHODS[name], handler, shell);
    }
    checked(shell, () => this.#native.set(name));
    this.#handlers[name] = handler;
    return this;
  }

  // A call whose handlers run where it was made: with its AsyncLocalStorage, its tracing span.
  async #ended(shell, start) {
    const place = here(shell);
    const request = new AsyncResource("backchat");
    const owner = {
      place,
      handle: (name, event, context) =>
        request.runInAsyncScope(() => this.#handle(name, revived(event), context)),
      failed: (failure, error) =>
        request.runInAsyncScope(() => this.#tell(failure.stage, error, failure)),
    };
    const { value, fields } = await post.call(start, owner);
    if (fields === undefined) {
      return value;
    }
    throw fromFields(fields, place);
  }

  async #handle(name, event, context) {
    const answer = await this.#handlers[name](event, context);
    if (name === "message") {
      return answered(answer);
    }
    if (isUndone(answer)) {
      throw configuration(METHODS[name], UNDONE);
    }
    return undefined;
  }

  // The inbox goes on, whatever the application's log does.
  #tell(stage, error, { event_id = null, message_id = null, final = false } = {}) {
    const failure = { stage, event_id, message_id, final, error };
    tryHook("onError", this.#hook ?? print, maskedWords(failure, ["event_id", "message_id"]));
  }
}

// A row of the ledger.
function row(record) {
  return maskedWords(record, ["message_id", "reply_id", "code"]);
}

// The same words for every failure: what groups log lines goes by them.
function print(failure) {
  console.error("backchat: inbox failure", failure);
}

let printing = false;

// The inbox's own lines come from the native half.
function printDebugged() {
  if (!printing && isDebugged(process.env.DEBUG)) {
    printing = true;
    native().printInbox();
  }
}

const SET = "is set already: an inbox has one function of each kind";

function callable(name, value, shell) {
  if (typeof value !== "function") {
    throw configuration(name, "must be a function", shell);
  }
}

function text(name, value, shell) {
  if (typeof value !== "string" || value === "") {
    throw configuration(name, "must be a string that is not empty", shell);
  }
  return value;
}

// What an event that was kept needs to be handled.
function kept(event, shell) {
  return { raw: wireForm("event", event, shell), verified: event.verified === true };
}

function settled(options, shell) {
  const anyEventAge = options.maxEventAge === null;
  const settings = { anyEventAge, queue: queue(options.queue, shell) };
  for (const name of TEXTS) {
    settings[name] = exact(name, options[name], "string", shell);
  }
  for (const name of NUMBERS) {
    const given = name === "maxEventAge" && anyEventAge ? undefined : options[name];
    settings[name] = exact(name, given, "number", shell);
  }
  if (settings.store === "") {
    throw configuration("store", "must not be empty; without it the ledger is in memory", shell);
  }
  return settings;
}

function queue(given, shell) {
  if (given === undefined || given === false) {
    return undefined;
  }
  if (given !== true && (typeof given !== "object" || given === null)) {
    throw configuration("queue", "must be a boolean or an object", shell);
  }
  const options = given === true ? {} : given;
  known(options, QUEUE, shell);
  const settings = {};
  for (const name of QUEUE) {
    settings[name] = exact(name, options[name], "number", shell);
  }
  return settings;
}

module.exports = { Inbox };
