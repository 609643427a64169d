// One entry per attempt, for `onLog` and for `DEBUG=backchat`.
"use strict";

// Who gets the entries of a client; nobody: undefined.
function logger(onLog) {
  const print = isDebugged(process.env.DEBUG);
  if (onLog === undefined && !print) {
    return undefined;
  }
  return (entry) => {
    if (print) {
      process.stderr.write(`${line(entry)}\n`);
    }
    try {
      onLog?.(entry);
    } catch (error) {
      // A log that fails must not end what it tells about.
      process.emitWarning(`backchat: onLog threw: ${error}`);
    }
  };
}

// As the package `debug` reads it: names between commas or blanks, `*` for anything.
function isDebugged(names = "") {
  return names.split(/[\s,]+/).some((name) => ["backchat", "backchat*", "backchat:*", "*"].includes(name));
}

function line(entry) {
  const ids = [entry.messageId, entry.sentId, entry.correlationId].filter((id) => id !== null);
  const status = entry.status === null ? "" : ` status=${entry.status}`;
  const code = entry.code === null ? "" : ` code=${entry.code}`;
  const detached = entry.detached ? " detached" : "";
  return (
    `backchat ${entry.level} ${entry.operation} #${entry.attempt} ${entry.outcome}${status}${code} ` +
    `${entry.elapsed.toFixed(1)}ms${detached} ${ids.join(" ")}`
  );
}

module.exports = { logger };
