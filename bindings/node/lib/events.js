// Events: from the native half's JSON to plain objects, and what can be asked of them.
"use strict";

const native = require("./native.js");
const { checked } = require("./errors.js");
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
  return checked(replyWindowState, () => native().windowState(message.raw, moment(now)), message.raw);
}

function replyWindowRemaining(message, now = new Date()) {
  return checked(
    replyWindowRemaining,
    () => native().windowRemaining(message.raw, moment(now)),
    message.raw,
  );
}

// RFC 3339, which the native half reads.
function moment(date) {
  return date instanceof Date ? date.toISOString() : date;
}

module.exports = {
  eventFromJson,
  isInboundMessage,
  moment,
  replyWindowRemaining,
  replyWindowState,
  revived,
};
