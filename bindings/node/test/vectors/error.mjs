// `expect.error`: the whole error. A field that is left out is null.
import { BackchatError, isBackchatError } from "backchat";
import { same } from "../support/same.mjs";

const SPECIAL = {
  MaybeSentError: ["server_code", "phase"],
  SignatureVerificationError: ["reason"],
  ConfigurationError: ["option"],
  UnreadableEventError: ["verified"],
};

export function checkError(expected, error) {
  if (!isBackchatError(error) || !(error instanceof BackchatError)) {
    throw error;
  }
  const got = {
    code: error.code,
    class: error.name,
    outcome: error.outcome,
    safe_to_retry: error.safeToRetry,
    webhook_status: error.webhookStatus,
    status: error.status,
    request_id: error.requestId,
    server_code: error.serverCode ?? null,
    phase: error.phase ?? null,
    reason: error.reason ?? null,
    option: error.option ?? null,
    verified: error.verified ?? null,
  };
  for (const name of Object.keys(got)) {
    same(name, named(name, expected[name]), got[name]);
  }
  checkWait(expected, error.retryAfter);
  same("class", expected.class, error.constructor.name);
  for (const name of SPECIAL[error.name] ?? []) {
    const property = name === "server_code" ? "serverCode" : name;
    if (!(property in error)) {
      throw new Error(`${error.name} has no ${property}`);
    }
  }
  if (!error.advice || !error.message) {
    throw new Error(`${error.code} has no advice or no message`);
  }
}

// Options have this language's names.
function named(name, value = null) {
  return name === "option" && value !== null
    ? value.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
    : value;
}

// In seconds; here in milliseconds.
function checkWait({ retry_after: expected, retry_after_within: within }, got) {
  if (expected === undefined || expected === null) {
    same("retry_after", null, got);
  } else if (got === null || Math.abs(got / 1e3 - expected) > (within ?? 1e-9 * Math.max(1, expected))) {
    throw new Error(`retry_after: expected ${expected} s, got ${got} ms`);
  }
}
