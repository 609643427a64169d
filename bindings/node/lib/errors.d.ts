// What can go wrong, and what is then known: one list for all languages.

/** What is known about a message: `not_sent` provably, `rejected` by the API, `sent`, or nobody can know. */
export type Outcome = "not_sent" | "rejected" | "sent" | "maybe_sent";

/** The codes that this version knows. One of the API that it does not know keeps its own string. */
export type KnownErrorCode =
  | "window_expired"
  | "invalid_reply_context"
  | "phone_number_mismatch"
  | "missing_text"
  | "invalid_phone_number"
  | "insufficient_balance"
  | "missing_api_token"
  | "invalid_api_token"
  | "invalid_api_key"
  | "unauthorized"
  | "rate_limited"
  | "invalid_request"
  | "invalid_callback_url"
  | "invalid_correlation_id"
  | "invalid_line_type"
  | "internal"
  | "unsupported_country"
  | "unsupported_region"
  | "suspended_account"
  | "spending_limit_exceeded"
  | "blocked_number"
  | "template_not_found"
  | "invalid_template_id"
  | "invalid_template_variables"
  | "template_not_validated"
  | "category_forbidden"
  | "unsubscribed"
  | "expires_at_in_past"
  | "expires_at_too_far_in_future"
  | "invalid_date_format"
  | "invalid_locale"
  | "invalid_sender_id"
  | "document_not_supported"
  | "batch_size_exceeded"
  | "empty_batch"
  | "channel_not_enabled_in_region"
  | "redirected"
  | "http_error"
  | "connection_failed"
  | "tls_failed"
  | "timed_out"
  | "cancelled"
  | "maybe_sent"
  | "sent_unconfirmed"
  | "signature_missing"
  | "signature_invalid"
  | "event_unreadable"
  | "configuration"
  | "store_unavailable";

/**
 * Every error of Backchat. No printed form shows a token, a text or a whole number. A `code`, a
 * `requestId`, a `messageId` or a `serverCode` that does not look like a word is printed as `…`, and is
 * no enumerable property; the property holds it exactly.
 */
export class BackchatError extends Error {
  /** Errors are made by Backchat alone. */
  protected constructor(message: string, fields: object);
  /** Why: stable, and the same in every language. */
  readonly code: KnownErrorCode | (string & {});
  /** What is known about the message; `null` for errors that are not about sending. */
  readonly outcome: Outcome | null;
  /** Whether the same call may be made again: nothing was sent, and it may go better then. */
  readonly safeToRetry: boolean;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfter: number | null;
  /** The HTTP status of the answer, when there was one. */
  readonly status: number | null;
  /** The id that the API gave to the request, for Prelude's support. */
  readonly requestId: string | null;
  /** The correlation id of the call: delivery events carry the same. */
  readonly correlationId: string | null;
  /** The inbound message that the call answered, `im_…`. */
  readonly messageId: string | null;
  /** What to do, in one sentence. */
  readonly advice: string;
  /** What to answer Prelude when this ends a webhook: 401 for a bad signature, 503 when a redelivery
   * can help, 200 when it cannot. */
  readonly webhookStatus: number;
  /** How many requests the call tried. */
  readonly attempts: number | null;
  /** From the call to its end, in milliseconds. */
  readonly elapsed: number | null;
  /** All of the above, and nothing private. */
  toJSON(): Record<string, unknown>;
}

/** The API refused the request (`rejected`), or a local check found what it would refuse (`not_sent`). */
export class ApiError extends BackchatError {
  /** The API's own sentence. It may quote numbers and texts: keep it out of logs. */
  readonly serverMessage: string | null;
}

/** `window_expired`: the 24-hour window has closed. Send a template instead. */
export class WindowExpiredError extends ApiError {
  readonly code: "window_expired";
}

/** `invalid_reply_context`: `reply_to` is not the `message_id` of an inbound message. */
export class InvalidReplyContextError extends ApiError {
  readonly code: "invalid_reply_context";
}

/** `phone_number_mismatch`: `to` is not the sender of that inbound message. */
export class PhoneNumberMismatchError extends ApiError {
  readonly code: "phone_number_mismatch";
}

/** `missing_text`: the text is empty. */
export class MissingTextError extends ApiError {
  readonly code: "missing_text";
}

/** `invalid_phone_number`: `to` is not in E.164 format. */
export class InvalidPhoneNumberError extends ApiError {
  readonly code: "invalid_phone_number";
}

/** `insufficient_balance`: the account's balance is too low. */
export class InsufficientBalanceError extends ApiError {
  readonly code: "insufficient_balance";
}

/** The token is missing, wrong, or not allowed; `unauthorized` for a 401 without a code. */
export class AuthenticationError extends ApiError {
  readonly code: "missing_api_token" | "invalid_api_token" | "invalid_api_key" | "unauthorized";
  /** What the token function threw; in no printed form, for it may quote a token. */
  readonly tokenError?: unknown;
}

/** Any 429: too many requests. Nothing was sent; wait for `retryAfter`, then call again. */
export class RateLimitError extends ApiError {}

/** Provably nothing was sent. */
export class NotSentError extends BackchatError {
  readonly code: "connection_failed" | "tls_failed" | "timed_out" | "cancelled";
}

/** The request left, and no answer tells what became of it. **Do not send it again.** A delivery event
 * with the same correlation id, if one comes, says that it was sent. */
export class MaybeSentError extends BackchatError {
  readonly code: "maybe_sent";
  readonly outcome: "maybe_sent";
  /** How far it had come: no status line came back, or one that does not tell. */
  readonly phase: "awaiting_answer" | "answered";
  /** The code in the answer's body, such as `internal`. It does not tell either. */
  readonly serverCode: string | null;
}

/** The API accepted the message, but its answer could not be read. Do not send it again. */
export class SentUnconfirmedError extends BackchatError {
  readonly code: "sent_unconfirmed";
  readonly outcome: "sent";
}

/** A webhook is not from Prelude, or cannot be shown to be. */
export class SignatureVerificationError extends BackchatError {
  readonly code: "signature_missing" | "signature_invalid";
  /** What was wrong. */
  readonly reason:
    | "header_missing"
    | "header_repeated"
    | "scheme_unknown"
    | "not_base64"
    | "wrong_length"
    | "no_key_matches"
    | "body_too_long";
}

/** A webhook's body is not an event. */
export class UnreadableEventError extends BackchatError {
  readonly code: "event_unreadable";
  /** The body, byte for byte. */
  readonly raw: Uint8Array;
  /** Whether its signature is good. */
  readonly verified: boolean;
}

/** An option or an argument is wrong. */
export class ConfigurationError extends BackchatError {
  readonly code: "configuration";
  /** The option, by its name here. */
  readonly option: string | null;
}

/** The inbox's store cannot be reached. */
export class StoreError extends BackchatError {
  readonly code: "store_unavailable";
}

/** Whether `error` is one of Backchat's: also of another copy of this package, or of another realm. */
export function isBackchatError(error: unknown): error is BackchatError;
