// `events`, `signatures`, `reply_windows`: what becomes of received bytes.
import {
  Webhook,
  eventFromJson,
  replyWindowRemaining,
  replyWindowState,
} from "backchat";
import { includes, same } from "../support/same.mjs";
import { checkError } from "./error.mjs";

const DOORS = {
  "event.from_json": (body) => eventFromJson(body),
  "webhook.unverified": (body) => Webhook.unverified().verify(body, []),
};

export function checkEvent({ calls, body, expect }) {
  const raw = bytes(body);
  for (const call of calls) {
    checkReceived(expect, raw, () => DOORS[call](raw), (expected, event) => {
      const { raw: _raw, ...fields } = event;
      same("event", expected, fields);
    });
  }
  if (calls.length === 0) {
    throw new Error("no call");
  }
}

export function checkSignature({ call, keys, body, headers = [], expect }, document) {
  const pems = keys.map((name) => document.keys[name]);
  const make = () => new Webhook(pems.length === 1 ? pems[0] : pems);
  if (call === "webhook.new") {
    checkReceived(expect, undefined, make, includes);
    return;
  }
  const webhook = make();
  const raw = bytes(document.bodies[body]);
  checkReceived(expect, raw, () => webhook.verify(raw, headers), includes);
}

export function checkReplyWindow({ event, now, expect }) {
  const message = eventFromJson(JSON.stringify(event));
  same("state", expect.state, replyWindowState(message, now));
  const left = replyWindowRemaining(message, now);
  // Milliseconds as JavaScript's number: cut off, not rounded.
  const { seconds, nanoseconds } = expect.remaining ?? {};
  const expected = expect.remaining === null ? null : seconds * 1e3 + Math.trunc(nanoseconds / 1e6);
  same("remaining", expected, left === null ? null : Math.trunc(left));
  same("expires_at", date(expect.expires_at), message.reply_window.expires_at);
}

// RFC 3339 as a Date, cut off to the millisecond; anything else is no moment.
function date(text) {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,3})?\d*(Z|[+-]\d\d:\d\d)$/i.exec(text ?? "");
  const moment = parts === null ? NaN : Date.parse(parts.slice(1).join("").toUpperCase());
  return Number.isNaN(moment) ? null : new Date(moment);
}

function checkReceived(expect, body, run, compare) {
  let event;
  try {
    event = run();
  } catch (error) {
    if (expect.error === undefined) {
      throw error;
    }
    checkError(expect.error, error);
    if (error.code === "event_unreadable") {
      same("raw", Buffer.from(body).toString("base64"), Buffer.from(error.raw).toString("base64"));
    }
    return;
  }
  if (expect.error !== undefined) {
    throw new Error(`expected ${expect.error.code}, got ${JSON.stringify(event)}`);
  }
  same("raw", Buffer.from(body).toString("base64"), Buffer.from(event.raw).toString("base64"));
  compare(held(expect.event), event);
}

// An expected event as this language holds it.
function held(event) {
  const window = event.reply_window;
  return window === undefined
    ? event
    : { ...event, reply_window: { expires_at: date(window.expires_at) } };
}

function bytes(body) {
  if (body === undefined) {
    return Buffer.alloc(0);
  }
  if (body.text !== undefined) {
    return Buffer.from(body.text);
  }
  if (body.json !== undefined) {
    return Buffer.from(JSON.stringify(body.json));
  }
  if (body.base64 !== undefined) {
    return Buffer.from(body.base64, "base64");
  }
  const { before, fill, count, after } = body.padded;
  return Buffer.from(before + fill.repeat(count) + after);
}
