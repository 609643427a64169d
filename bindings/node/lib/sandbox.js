// `Sandbox`: Prelude on this machine, to test one's own bot against.
"use strict";

const { types } = require("node:util");
const native = require("./native.js");
const post = require("./mailbox.js");
const { known, moment, optional } = require("./check.js");
const { checked, configuration, fromFields, here } = require("./errors.js");
const { Client } = require("./client.js");
const { Webhook } = require("./webhook.js");

const OPTIONS = [
  "listen",
  "token",
  "webhookUrl",
  "businessNumber",
  "signingKey",
  "startAt",
  "webhookTimeout",
];
const UNITS = { milliseconds: 1, seconds: 1e3, minutes: 6e4, hours: 36e5, days: 864e5 };

const SAID = ["file", "to", "businessNumber", "channel", "wait"];

class Sandbox {
  #native;

  constructor(started, { url, token, publicKey, jwks }) {
    this.#native = started;
    Object.assign(this, { url, token, publicKey, jwks });
  }

  static async start(options = {}) {
    const shell = Sandbox.start;
    known(options, OPTIONS, shell);
    const { startAt, ...rest } = options;
    const settings = { ...rest, startAt: startAt === undefined ? undefined : moment("startAt", startAt, shell) };
    const sandbox = new (native().Sandbox)(post.mailbox);
    const started = await ended(shell, (call) => sandbox.start(call, settings));
    return new Sandbox(sandbox, started);
  }

  client(options = {}) {
    return new Client({ apiToken: this.token, baseUrl: this.url, ...options });
  }

  webhook() {
    return new Webhook(this.publicKey);
  }

  async say(from, text, options = {}) {
    known(options, SAID, this.say);
    const { file, to, businessNumber, channel, wait } = options;
    const sent = file === undefined ? undefined : sendable(file, this.say);
    if (to !== undefined) {
      this.setWebhookUrl(to);
    }
    const message = { from, text, file: sent, to: businessNumber, channel, wait };
    return ended(this.say, (call) => this.#native.say(call, JSON.stringify(message)));
  }

  async optOut(from, action = "STOP", { businessNumber, wait } = {}) {
    const word = { from, action, to: businessNumber, wait };
    return ended(this.optOut, (call) => this.#native.optOut(call, JSON.stringify(word)));
  }

  async redeliver(eventId) {
    return ended(this.redeliver, (call) => this.#native.redeliver(call, eventId));
  }

  async advance(by) {
    known(by, Object.keys(UNITS), this.advance);
    let milliseconds = 0;
    for (const [unit, amount] of Object.entries(by)) {
      milliseconds += (optional(unit, amount, "number", this.advance) ?? 0) * UNITS[unit];
    }
    return ended(this.advance, (call) => this.#native.advance(call, milliseconds));
  }

  get messages() {
    return this.#now(() => this.#native.messages());
  }

  get deliveries() {
    return this.#now(() => this.#native.deliveries());
  }

  get now() {
    return this.#now(() => this.#native.clock());
  }

  failNext(fault) {
    this.#now(() => this.#native.failNext(JSON.stringify(fault)), this.failNext);
  }

  clearFaults() {
    this.#now(() => this.#native.clearFaults());
  }

  account(changes = {}) {
    return this.#now(() => this.#native.account(JSON.stringify(changes)), this.account);
  }

  addTemplate(template) {
    this.#now(() => this.#native.addTemplate(JSON.stringify(template)), this.addTemplate);
  }

  setWebhookUrl(url) {
    this.#now(() => this.#native.setWebhookUrl(url), this.setWebhookUrl);
  }

  reset() {
    this.#now(() => this.#native.reset());
  }

  async stop() {
    await ended(this.stop, (call) => this.#native.stop(call));
  }

  [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    return this.stop();
  }

  #now(run, shell) {
    return JSON.parse(checked(shell, run));
  }
}

// A file as `POST /sandbox/inbound` takes it.
function sendable(file, shell) {
  known(file, ["bytes", "content_type", "filename"], shell);
  const { bytes, content_type, filename } = file;
  if (!types.isUint8Array(bytes) && !types.isAnyArrayBuffer(bytes)) {
    throw configuration("file", "must have `bytes`: a Uint8Array or an ArrayBuffer", shell);
  }
  return {
    content_type: content_type ?? "application/octet-stream",
    filename: filename ?? undefined,
    data: Buffer.from(bytes).toString("base64"),
  };
}

async function ended(shell, start) {
  const place = here(shell);
  const { value, fields } = await post.call(start);
  if (fields === undefined) {
    return value;
  }
  throw fromFields(fields, place);
}

module.exports = { Sandbox };
