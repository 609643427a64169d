// Events: from the native half's JSON to plain objects, and what can be asked of them.
"use strict";

const native = require("./native.js");
const { moment } = require("./check.js");
const { checked, configuration } = require("./errors.js");
const { masked } = require("./inspect.js");
const { bytes } = require("./request.js");

// A moment in milliseconds becomes a Date.
function revived(event) {
  const window = event.reply_window;
  if (window !== undefined && window.expires_at !== null) {
    window.expires_at = new Date(window.expires_at);
  }
  if (event.fee) {
    masked(event.fee);
  }
  return masked(event);
}

function eventFromJson(json) {
  const body = bytes(json);
  return revived(JSON.parse(checked(eventFromJson, () => native().eventFromJson(body), body)));
}

function isInboundMessage(event) {
  return event.type === "inbound.message.received";
}

function replyWindowState(message, now = new Date()) {
  return asked(native().windowState, message, now, replyWindowState);
}

function replyWindowRemaining(message, now = new Date()) {
  return asked(native().windowRemaining, message, now, replyWindowRemaining);
}

function asked(ask, message, now, shell) {
  const raw = wireForm("message", message, shell);
  const at = moment("now", now, shell);
  return checked(shell, () => ask(raw, at), raw);
}

// The exact JSON of an event, by which the native half reads it again.
function wireForm(name, event, shell) {
  if (typeof event?.raw !== "string") {
    throw configuration(name, "must have its wire form, `raw`", shell);
  }
  return event.raw;
}

module.exports = {
  eventFromJson,
  isInboundMessage,
  replyWindowRemaining,
  replyWindowState,
  revived,
  wireForm,
};
