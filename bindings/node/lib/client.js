// `Client`: thin asynchronous shells around the native calls.
"use strict";

const native = require("./native.js");
const post = require("./mailbox.js");
const { checked, configuration, fromFields, here, withTokenError } = require("./errors.js");
const { json, known, optional, string } = require("./check.js");
const { noGenerator } = require("./function.js");
const { logger } = require("./log.js");
const { masked, maskedFile } = require("./inspect.js");
const { pairs } = require("./request.js");

const OPTIONS = [
  "apiToken",
  "baseUrl",
  "timeout",
  "connectTimeout",
  "maxRetries",
  "maxConnections",
  "caCertificate",
  "proxy",
  "callbackUrl",
  "allowInsecureHttp",
  "userAgent",
  "onLog",
];
const CALL_OPTIONS = ["signal", "timeout", "maxRetries", "headers"];

const collected = new FinalizationRegistry((number) => post.clients.delete(number));

class Client {
  #native;
  #hooks;

  constructor(options = {}) {
    const shell = Client;
    known(options, OPTIONS, shell);
    const { apiToken, caCertificate } = options;
    const asks = typeof noGenerator("apiToken", apiToken, shell) === "function";
    const token = asks ? undefined : optional("apiToken", apiToken, "string", shell);
    const onLog = optional("onLog", options.onLog, "function", shell);
    const log = logger(noGenerator("onLog", onLog, shell));
    const number = post.nextNumber();
    const settings = {
      apiToken: token,
      baseUrl: optional("baseUrl", options.baseUrl, "string", shell),
      timeout: optional("timeout", options.timeout, "number", shell),
      connectTimeout: optional("connectTimeout", options.connectTimeout, "number", shell),
      maxRetries: optional("maxRetries", options.maxRetries, "number", shell),
      maxConnections: optional("maxConnections", options.maxConnections, "number", shell),
      caCertificates: certificates(caCertificate, shell),
      proxy: optional("proxy", options.proxy, "string", shell),
      callbackUrl: optional("callbackUrl", options.callbackUrl, "string", shell),
      allowInsecureHttp: optional("allowInsecureHttp", options.allowInsecureHttp, "boolean", shell),
      userAgent: optional("userAgent", options.userAgent, "string", shell),
    };
    const tells = log !== undefined;
    this.#native = checked(
      shell,
      () => new (native().Client)(post.mailbox, number, settings, asks, tells),
    );
    this.#hooks = { token: apiToken, tokenError: undefined, log };
    if (asks || tells) {
      post.clients.set(number, this.#hooks);
      collected.register(this, number);
    }
    this.notify = Object.freeze({
      reply: (params, options) => this.#reply(params, options),
      send: (params, options) => this.#send(params, options),
      inboundMedia: (messageId, options) => this.#inboundMedia(messageId, options),
    });
  }

  reply(message, text, options) {
    return this.#answer(message, text, options);
  }

  async #answer(message, text, options) {
    const place = here(this.reply);
    const to = string("from", message?.from, this.reply);
    const reply_to = string("message_id", message?.message_id, this.reply);
    const words = string("text", text, this.reply);
    return this.#ended(place, options, (call, rest) =>
      this.#native.reply(call, to, words, reply_to, undefined, undefined, rest),
    );
  }

  async #reply(params, options) {
    const shell = this.notify.reply;
    const place = here(shell);
    const given = params ?? {};
    const to = string("to", given.to, shell);
    const text = string("text", given.text, shell);
    const reply_to = string("reply_to", given.reply_to, shell);
    const callback_url = optional("callback_url", given.callback_url, "string", shell);
    const correlation_id = optional("correlation_id", given.correlation_id, "string", shell);
    return this.#ended(place, options, (call, rest) =>
      this.#native.reply(call, to, text, reply_to, callback_url, correlation_id, rest),
    );
  }

  async #send(params, options) {
    const shell = this.notify.send;
    const place = here(shell);
    const message = json("template", params, shell);
    return this.#ended(place, options, (call, rest) => this.#native.send(call, message, rest));
  }

  async #inboundMedia(messageId, options) {
    const shell = this.notify.inboundMedia;
    const place = here(shell);
    const id = string("message_id", messageId, shell);
    return this.#ended(place, options, (call, rest) => this.#native.inboundMedia(call, id, rest));
  }

  replyOrTemplate(message, text, template, options) {
    return this.#answerOrSend(message, text, template, options);
  }

  async #answerOrSend(message, text, template, options) {
    const shell = this.replyOrTemplate;
    const place = here(shell);
    const from = string("from", message?.from, shell);
    const id = string("message_id", message?.message_id, shell);
    const channel = optional("channel", message?.channel, "string", shell);
    const words = string("text", text, shell);
    const fallback = json("template", template, shell);
    return this.#ended(place, options, (call, rest) =>
      this.#native.replyOrTemplate(call, from, id, channel, words, fallback, rest),
    );
  }

  async close() {
    await post.call((call) => this.#native.close(call));
  }

  [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    return this.close();
  }

  // The answer of a call, or its error with the stack of `place`.
  async #ended(place, options, start) {
    const { signal, rest } = callOptions(options, place);
    const begin = (call) => start(call, rest);
    const end = await (signal ? post.callUntil(signal, begin) : post.call(begin));
    const { value, file, fields } = end;
    if (fields === undefined) {
      return file === null ? masked(value) : media(value, file);
    }
    const thrown = fields.code === "missing_api_token" ? this.#hooks.tokenError : undefined;
    throw thrown === undefined ? fromFields(fields, place) : withTokenError(fields, place, thrown);
  }

  // For the inbox.
  static native(client) {
    return client.#native;
  }
}

function media({ content_type, filename }, bytes) {
  return maskedFile({ content_type, filename, bytes });
}

function callOptions(options, place) {
  if (options === undefined || options === null) {
    return {};
  }
  known(options, CALL_OPTIONS, place);
  const { signal, timeout, maxRetries, headers } = options;
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== "function") {
    throw configuration("signal", "must be an AbortSignal", place);
  }
  const rest = {
    timeout: optional("timeout", timeout, "number", place),
    maxRetries: optional("maxRetries", maxRetries, "number", place),
    headers: extraHeaders(headers, place),
  };
  return { signal, rest };
}

function extraHeaders(given, place) {
  if (given === undefined || given === null) {
    return undefined;
  }
  try {
    return pairs(given);
  } catch {
    const why = "must be an object of names and values, a Headers, a Map, or an array of [name, value]";
    throw configuration("headers", why, place);
  }
}

function certificates(given, shell) {
  if (given === undefined || given === null) {
    return undefined;
  }
  return [given].flat().map((pem) => string("caCertificate", pem, shell));
}

module.exports = { Client };
