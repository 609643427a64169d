// The error classes. They are made here, from what Rust knows, so that their stack is the caller's.
"use strict";

const { inspect } = require("node:util");
const native = require("./native.js");
const { ellipses, hideForeign } = require("./inspect.js");

// The same in every copy of this package and in every realm.
const BRAND = Symbol.for("backchat.error");

// The fields that hold words of the server, or of an event; and which of them are hidden in an error.
const WORDS = ["code", "requestId", "messageId", "serverCode"];
const HIDDEN = Symbol("backchat.hidden");

class BackchatError extends Error {
  constructor(message, fields, options) {
    super(message, options);
    this.code = fields.code;
    this.outcome = fields.outcome;
    this.safeToRetry = fields.safe_to_retry;
    this.retryAfter = fields.retry_after_ms;
    this.status = fields.status;
    this.requestId = fields.request_id;
    this.correlationId = fields.correlation_id;
    this.messageId = fields.message_id;
    this.advice = fields.advice;
    this.webhookStatus = fields.webhook_status;
    this.attempts = fields.attempts;
    this.elapsed = fields.elapsed_ms;
  }

  // What may stand in a log: the fields that can be enumerated, none of which is private.
  toJSON() {
    return { name: this.name, message: this.message, ...this, ...ellipses(this[HIDDEN] ?? []) };
  }

  // `tokenError` stays out: what a token function threw may quote a token.
  [inspect.custom](_depth, options) {
    const { name, message, ...fields } = this.toJSON();
    const known = Object.entries(fields).filter(([, value]) => value !== null);
    return `${this.stack} ${inspect(Object.fromEntries(known), options)}`;
  }
}
Object.defineProperty(BackchatError.prototype, BRAND, { value: true });

class ApiError extends BackchatError {
  constructor(message, fields, options) {
    super(message, fields, options);
    hidden(this, "serverMessage", fields.server_message);
  }
}
class WindowExpiredError extends ApiError {}
class InvalidReplyContextError extends ApiError {}
class PhoneNumberMismatchError extends ApiError {}
class MissingTextError extends ApiError {}
class InvalidPhoneNumberError extends ApiError {}
class InsufficientBalanceError extends ApiError {}
class AuthenticationError extends ApiError {}
class RateLimitError extends ApiError {}
class NotSentError extends BackchatError {}

class MaybeSentError extends BackchatError {
  constructor(message, fields, options) {
    super(message, fields, options);
    this.phase = fields.phase;
    this.serverCode = fields.server_code;
  }
}
class SentUnconfirmedError extends BackchatError {}

class SignatureVerificationError extends BackchatError {
  constructor(message, fields, options) {
    super(message, fields, options);
    this.reason = fields.reason;
  }
}

class UnreadableEventError extends BackchatError {
  constructor(message, fields, options) {
    super(message, fields, options);
    this.verified = fields.verified;
    hidden(this, "raw", fields.raw);
  }
}

class ConfigurationError extends BackchatError {
  constructor(message, fields, options) {
    super(message, fields, options);
    this.option = fields.option;
  }
}
class StoreError extends BackchatError {}

const CLASSES = {
  BackchatError,
  ApiError,
  WindowExpiredError,
  InvalidReplyContextError,
  PhoneNumberMismatchError,
  MissingTextError,
  InvalidPhoneNumberError,
  InsufficientBalanceError,
  AuthenticationError,
  RateLimitError,
  NotSentError,
  MaybeSentError,
  SentUnconfirmedError,
  SignatureVerificationError,
  UnreadableEventError,
  ConfigurationError,
  StoreError,
};
for (const [name, type] of Object.entries(CLASSES)) {
  Object.defineProperty(type.prototype, "name", { value: name, configurable: true, writable: true });
}

// Reachable, but in no printed form.
function hidden(error, name, value) {
  Object.defineProperty(error, name, { value, enumerable: false, configurable: true, writable: true });
}

function isBackchatError(error) {
  return typeof error === "object" && error !== null && error[BRAND] === true;
}

// The line that called `shell`, for an error that may come later.
function here(shell) {
  const place = {};
  Error.captureStackTrace(place, shell);
  return place;
}

// An error from what the native half knows; its stack is that of `place`.
function fromFields(fields, place, options) {
  if (fields.class === "ConfigurationError") {
    fields.option = camelCase(fields.option);
    fields.text = inOurNames(fields.text);
  }
  return made(fields, place, options);
}

// What the token function threw stays out of every printed form, and of the chain of causes, which
// logs and trackers follow.
function withTokenError(fields, place, thrown) {
  const what = thrown instanceof Error ? thrown.constructor.name : typeof thrown;
  const cause = new Error(`the token function threw: ${what}`);
  hidden(cause, "stack", `${cause}`);
  const error = fromFields(fields, place, { cause });
  hidden(error, "tokenError", thrown);
  return error;
}

function made(fields, place, options) {
  const error = new CLASSES[fields.class](fields.text, fields, options);
  hidden(error, HIDDEN, hideForeign(error, WORDS));
  const frames = typeof place?.stack === "string" ? place.stack.indexOf("\n    at ") : -1;
  if (frames >= 0) {
    hidden(error, "stack", `${error.name}: ${error.message}${place.stack.slice(frames)}`);
  }
  return error;
}

// A sentence of the native half, with the options' names here.
function inOurNames(text) {
  return text.replace(/`[a-z]+(?:_[a-z]+)+`/g, camelCase);
}

// Options have other names in Rust.
function camelCase(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

// Runs a native function; what it throws has its fields as JSON. `body` is what it was to read.
function checked(shell, run, body) {
  try {
    return run();
  } catch (thrown) {
    if (thrown.code !== "Backchat") {
      throw thrown;
    }
    const fields = JSON.parse(thrown.message);
    fields.raw = body;
    throw fromFields(fields, here(shell));
  }
}

// A wrong option or argument that only JavaScript can have. `at`: the shell, or a place it made.
function configuration(option, why, at) {
  const fields = JSON.parse(native().configuration(why));
  fields.text = fields.text.replace("`argument`", `\`${option}\``);
  fields.option = option;
  return made(fields, typeof at === "function" ? here(at) : at);
}

module.exports = {
  ...CLASSES,
  checked,
  configuration,
  fromFields,
  here,
  inOurNames,
  isBackchatError,
  withTokenError,
};
