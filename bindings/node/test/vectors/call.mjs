// `outgoing`, `error_bodies`, `retry_after`: one call, and what becomes of it.
import { Client, eventFromJson } from "backchat";
import { includes, same } from "../support/same.mjs";
import { checkError } from "./error.mjs";

// A port that nothing listens on: a case by the interface alone must never get there.
const NOWHERE = "http://127.0.0.1:9";

export async function checkCall(server, vector) {
  const place = vector.via === "api" ? { url: NOWHERE } : await stage(server, vector);
  let end;
  try {
    end = { ok: await run(vector, place.url) };
  } catch (error) {
    end = { error };
  }
  if (vector.via === "http" && end.error !== undefined) {
    checkBelonging(vector.args, end.error);
  }
  checkEnd(vector.expect, end);
  if (vector.via === "http") {
    await checkRequests(server, place, vector.expect);
  }
}

async function stage(server, { server: kind = "scripted", answers = [] }) {
  await server.reset();
  await server.script(answers);
  if (kind === "refused" || kind === "silent_tls") {
    return { url: (await server.unreachable())[kind], nowhere: true };
  }
  return { url: kind === "scripted" ? server.url : (await server.tls(kind.tls)).url };
}

async function run({ call, args, client: options = {}, options: rest }, url) {
  const client = new Client(clientOptions(options, url));
  const last = rest === undefined ? undefined : callOptions(rest);
  switch (call) {
    case "client":
      return {};
    case "notify.reply":
      return client.notify.reply(args, last);
    case "notify.send":
      return client.notify.send(args, last);
    case "reply":
      return client.reply(eventFromJson(JSON.stringify(args.event)), args.text, last);
    case "reply_or_template":
      return client.replyOrTemplate(
        eventFromJson(JSON.stringify(args.event)),
        args.text,
        args.template,
        last,
      );
    default:
      throw new Error(`no call is named ${call}`);
  }
}

// Ours are in camelCase, and in milliseconds.
function clientOptions(options, url) {
  const ours = { apiToken: "vector-token", baseUrl: url };
  for (const [name, value] of Object.entries(options)) {
    const own = name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    ours[own] = own.toLowerCase().endsWith("timeout") ? value * 1e3 : value;
  }
  return ours;
}

function callOptions({ timeout, max_retries, headers }) {
  const ours = { maxRetries: max_retries, headers };
  return timeout === undefined ? ours : { ...ours, timeout: timeout * 1e3 };
}

// An error of a call names the message and the correlation id.
function checkBelonging(args, error) {
  if (error.code === "configuration") {
    return;
  }
  if (args.correlation_id !== undefined) {
    same("correlation_id", args.correlation_id, error.correlationId);
  }
  if (args.reply_to !== undefined) {
    same("message_id", args.reply_to, error.messageId);
  }
}

function checkEnd(expect, { ok, error }) {
  if (expect.ok !== undefined) {
    if (error !== undefined) {
      throw error;
    }
    includes(expect.ok, ok);
  } else if (error === undefined) {
    throw new Error(`expected ${expect.error.code}, got ${JSON.stringify(ok)}`);
  } else {
    checkError(expect.error, error);
  }
}

async function checkRequests(server, { nowhere }, { posts, requests }) {
  const received = nowhere ? [] : await server.received(posts);
  same("posts", posts, received.length);
  for (const [index, expected] of (requests ?? []).entries()) {
    checkRequest(expected, received[index]);
  }
  same("requests", requests?.length ?? posts, received.length);
}

function checkRequest({ path, headers = {}, body }, received) {
  same("method", "POST", received.method);
  same("path", path, received.path);
  for (const [name, value] of Object.entries(headers)) {
    const found = received.headers.find(([other]) => other.toLowerCase() === name.toLowerCase());
    same(name, value, found === undefined ? null : found[1]);
  }
  const got = JSON.parse(received.body);
  const expected = structuredClone(body);
  const generated = expected.correlation_id?.generated_for;
  if (generated !== undefined) {
    if (!isGenerated(generated, got.correlation_id)) {
      throw new Error(`correlation_id: expected one for ${generated}, got ${got.correlation_id}`);
    }
    expected.correlation_id = got.correlation_id;
  }
  same("the body", expected, got);
}

function isGenerated(head, id) {
  return id?.startsWith(`${head}.`) && /^[0-9a-hjkmnp-tv-z]{12}$/.test(id.slice(head.length + 1));
}
