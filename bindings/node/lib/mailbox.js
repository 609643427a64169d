// Where calls end: the native half's letters come here, many at a time.
"use strict";

const { setInterval } = require("node:timers");
const native = require("./native.js");
const { fromFields, inOurNames } = require("./errors.js");

// How long the end of the process waits for requests that have begun, in milliseconds.
const AT_EXIT = 2000;

const LONGEST_TIMER = 2 ** 31 - 1;

const calls = new Map();
const clients = new Map();
const inboxes = new Map();
// The handlers under way, by their question: how to tell them that their answer is not wanted.
const controllers = new Map();
const thrown = new Map();
let lastNumber = 0;
let mailbox;
let alive;
let Kind;

// Nothing is started before it is needed.
function open() {
  const { isMainThread } = require("node:worker_threads");
  Kind = native().Kind;
  mailbox = new (native().Mailbox)(deliver);
  // Keeps the event loop alive while calls run: the mailbox itself does not, and neither does it.
  alive = setInterval(() => {}, LONGEST_TIMER).unref();
  // A worker that ends leaves its requests to the process, which lives on.
  process.on("exit", () => mailbox.exit(isMainThread ? AT_EXIT : 0));
  return mailbox;
}

function nextNumber() {
  lastNumber = (lastNumber + 1) >>> 0;
  return lastNumber;
}

// Starts a call and gives its end: `{ value }` or `{ fields }`. `owner` runs handlers for it.
function call(start, owner) {
  return new Promise((resolve) => begin(start, { resolve, owner }));
}

// The same, until `signal` aborts: then it rejects at once with the signal's reason. A request that
// had begun is finished by the native half.
function callUntil(signal, start) {
  return new Promise((resolve, reject) => {
    const abort = () => {
      end(number);
      mailbox.cancel(number);
      reject(signal.reason);
    };
    const settle = (end) => {
      signal.removeEventListener("abort", abort);
      resolve(end);
    };
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const number = begin(start, { resolve: settle, owner: undefined });
    signal.addEventListener("abort", abort, { once: true });
  });
}

function begin(start, entry) {
  const number = nextNumber();
  calls.set(number, entry);
  if (calls.size === 1) {
    alive.ref();
  }
  try {
    start(number);
  } catch (error) {
    end(number);
    throw error;
  }
  return number;
}

function end(number) {
  const entry = calls.get(number);
  if (calls.delete(number) && calls.size === 0) {
    alive.unref();
  }
  return entry;
}

function deliver(text) {
  const letters = JSON.parse(text);
  for (let i = 0; i < letters.length; i += 4) {
    read(letters[i], letters[i + 1], letters[i + 2], letters[i + 3]);
  }
}

function read(kind, whose, question, content) {
  switch (kind) {
    case Kind.Resolved:
      resolve(end(whose), whose, content);
      break;
    case Kind.Rejected:
      end(whose)?.resolve({ fields: content });
      break;
    case Kind.Token:
      void askForToken(question, clients.get(whose));
      break;
    case Kind.Handle:
      void askToHandle(question, calls.get(whose)?.owner, content);
      break;
    case Kind.Log:
      clients.get(whose)?.log(content);
      break;
    case Kind.Failure:
      // Without a call, or after it, the inbox itself is told.
      tell(calls.get(whose)?.owner ?? inboxes.get(content.inbox)?.deref(), question, content);
      break;
    case Kind.Unwanted:
      controllers.get(question)?.abort(unwanted(content));
      break;
  }
}

// A file is taken also when nobody waits for it any more.
function resolve(entry, number, value) {
  const file = value?.is_file === true ? mailbox.file(number) : null;
  entry?.resolve({ value, file });
}

async function askForToken(question, client) {
  let token;
  try {
    client.tokenError = undefined;
    token = JSON.stringify(await client.token());
  } catch (error) {
    // A client that was collected has nobody to tell.
    if (client !== undefined) {
      client.tokenError = error;
    }
  }
  mailbox.answer(question, token);
}

async function askToHandle(question, owner, [name, event, attempt, left]) {
  const controller = new AbortController();
  const { signal } = controller;
  const end = performance.now() + left;
  const remaining = () => Math.max(0, end - performance.now());
  controllers.set(question, controller);
  let answer;
  try {
    const context = Object.freeze({ attempt, signal, remaining });
    answer = JSON.stringify((await owner.handle(name, event, context)) ?? null);
  } catch (error) {
    // After the end of the wait nobody asks for it any more.
    if (!signal.aborted) {
      thrown.set(question, error);
    }
  }
  controllers.delete(question);
  mailbox.answer(question, answer);
}

function unwanted(isOver) {
  return isOver
    ? new DOMException("the handler took longer than `handlerTimeout`", "TimeoutError")
    : new DOMException("the inbox shuts down", "AbortError");
}

// Tells what went wrong: what the application threw, or an error of ours.
function tell(owner, question, failure) {
  const known = thrown.has(question);
  const error = known ? thrown.get(question) : ours(failure, owner?.place);
  thrown.delete(question);
  owner?.failed(failure, error);
}

function ours({ error, text }, place) {
  return error === null ? new Error(inOurNames(text)) : fromFields(error, place);
}

module.exports = {
  call,
  callUntil,
  clients,
  inboxes,
  nextNumber,
  get mailbox() {
    return mailbox ?? open();
  },
};
