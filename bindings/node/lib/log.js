// One entry per attempt, for `onLog` and for `DEBUG=backchat`.
"use strict";

const native = require("./native.js");
const { UNDONE, isUndone } = require("./function.js");

// Who gets the entries of a client; nobody: undefined.
function logger(onLog) {
  const print = isDebugged(process.env.DEBUG);
  if (onLog === undefined && !print) {
    return undefined;
  }
  return (entry) => {
    if (print) {
      // Not by `process.stderr`: a pipe that nobody reads would fill the memory, and keep the process alive.
      native().printLine(line(entry));
    }
    if (onLog !== undefined) {
      tryHook("onLog", onLog, entry);
    }
  };
}

// Runs a hook of the application: one that fails, at once or later, must not end what it tells about.
function tryHook(name, hook, about) {
  try {
    const told = hook(about);
    if (typeof told?.then === "function") {
      told.then(
        (value) => done(name, value),
        (error) => threw(name, error),
      );
    } else {
      done(name, told);
    }
  } catch (error) {
    threw(name, error);
  }
}

function done(name, value) {
  if (isUndone(value)) {
    process.emitWarning(`backchat: ${name} ${UNDONE}`);
  }
}

function threw(name, error) {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
  process.emitWarning(`backchat: ${name} threw: ${oneLine(said)}`);
}

// A foreign text without control characters, and not longer than 500 characters.
function oneLine(text) {
  return text.slice(0, 500).replace(/\p{Cc}/gu, "\ufffd");
}

// As the package `debug` reads it: names between commas or blanks, `*` for anything.
function isDebugged(names = "") {
  return names.split(/[\s,]+/).some((name) => ["backchat", "backchat*", "backchat:*", "*"].includes(name));
}

function line(entry) {
  const ids = [entry.messageId, entry.sentId, entry.correlationId].filter((id) => id !== null).map(oneLine);
  const status = entry.status === null ? "" : ` status=${entry.status}`;
  const code = entry.code === null ? "" : ` code=${entry.code}`;
  const detached = entry.detached ? " detached" : "";
  return (
    `backchat ${entry.level} ${entry.operation} #${entry.attempt} ${entry.outcome}${status}${code} ` +
    `${entry.elapsed.toFixed(1)}ms${detached} ${ids.join(" ")}`
  );
}

module.exports = { isDebugged, logger, tryHook };
