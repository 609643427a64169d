// What `backchat` gives: the client, webhooks, the inbox, events and errors.

import type { IncomingMessage, ServerResponse } from "node:http";

import type { InboundMessage, DeliveryEvent, OptOutEvent, PreludeEvent } from "./lib/events.js";
import type { BackchatError } from "./lib/errors.js";

export * from "./lib/events.js";
export * from "./lib/errors.js";

/** The API token, or who gives it: asked before each call, and once more after a 401. */
export type ApiToken = string | (() => string | Promise<string>);

/** What one attempt to send came to. It never holds a text, a number or a token. */
export interface LogEntry {
  /** `debug` for what was sent, `warn` for everything else. */
  level: "debug" | "warn";
  /** What was asked of the API. */
  operation: "reply" | "send" | "inbound_media";
  /** 1 for the first attempt of a call. */
  attempt: number;
  /** The inbound message that is answered, `im_…`. */
  messageId: string | null;
  /** The correlation id that was sent along. */
  correlationId: string | null;
  /** The message that was sent, `tx_…`. */
  sentId: string | null;
  /** The id that the API gave to the request. */
  requestId: string | null;
  /** The HTTP status of the answer. */
  status: number | null;
  /** The outcome of the attempt. Of `inbound_media`: `sent` when the file was received. */
  outcome: "sent" | "not_sent" | "rejected" | "maybe_sent";
  /** The error's code, when it was not simply sent. */
  code: string | null;
  /** Milliseconds from the attempt's start to its end. */
  elapsed: number;
  /** Whether the caller had aborted, and nobody waits for this outcome. */
  detached: boolean;
}

/** The options of a client. What is left out comes from the environment, then from the defaults. */
export interface ClientOptions {
  /** Default: `PRELUDE_API_TOKEN`, then `API_TOKEN`. */
  apiToken?: ApiToken | undefined;
  /** Default: `PRELUDE_BASE_URL`, then `https://api.prelude.dev`. */
  baseUrl?: string | undefined;
  /**
   * How long one call may take in all, in milliseconds, retries and waiting for a connection
   * included. Default: 8000, because Prelude waits 10 s for a webhook's answer.
   */
  timeout?: number | undefined;
  /** How long a connection, TLS included, may take to be made, in milliseconds. Default: 3000. */
  connectTimeout?: number | undefined;
  /** How often a request that provably had no effect is tried again. Default: 2; 0 turns it off. */
  maxRetries?: number | undefined;
  /** How many connections are open at most. Default: 100. */
  maxConnections?: number | undefined;
  /** Certificate authorities to trust besides the system's, in PEM. */
  caCertificate?: string | readonly string[] | undefined;
  /** The proxy for all calls. Default: `HTTPS_PROXY` and its kin. Loopback is never proxied. */
  proxy?: string | undefined;
  /**
   * Where Prelude posts the delivery events of every message that names no other address. Default:
   * `PRELUDE_CALLBACK_URL`, else none.
   */
  callbackUrl?: string | undefined;
  /** Takes an `http` base URL that is not loopback: tokens and texts then travel in the clear. */
  allowInsecureHttp?: boolean | undefined;
  /** Default: `backchat-node/<version>`. */
  userAgent?: string | undefined;
  /** Gets one entry per attempt. `DEBUG=backchat` prints them to stderr. */
  onLog?: ((entry: LogEntry) => void) | undefined;
}

/** The options of one call. */
export interface CallOptions {
  /**
   * Aborts the call. Already aborted: nothing is sent. Aborted later: the promise rejects at once
   * with the signal's reason; a request that had begun is finished in the background, never
   * repeated, and goes to `onLog`.
   */
  signal?: AbortSignal | undefined;
  /** How long this call may take in all, in milliseconds. */
  timeout?: number | undefined;
  /** How often a request that provably had no effect is tried again. */
  maxRetries?: number | undefined;
  /**
   * Extra headers, also as a `Headers`, a `Map` or pairs. Those that say who speaks, to whom, or how the
   * message is framed are refused.
   */
  headers?: WebhookHeaders | undefined;
}

/** A reply: free text, quoted under the message that it answers. */
export interface ReplyParams {
  /** The sender of the inbound message, in E.164 format, byte for byte as the webhook wrote it. */
  to: string;
  /** What the user reads. */
  text: string;
  /** The `message_id` of the inbound message, `im_…`. */
  reply_to: string;
  /** Where Prelude posts the delivery events. Default: the client's. */
  callback_url?: string | undefined;
  /** Comes back in every delivery event; at most 80 characters. Default: `<reply_to>.<random>`. */
  correlation_id?: string | undefined;
}

/** A template and what fills it, without its receiver. */
export interface Template {
  /** The template's id, `template_…`. */
  template_id: string;
  /** Exactly the variables that the template has. */
  variables?: Readonly<Record<string, string>> | undefined;
  /** The sender. Default: the account's. */
  from?: string | undefined;
  /** The language, BCP 47, such as `fr-FR`. Default: the template's own. */
  locale?: string | undefined;
  /** Until when Prelude tries to deliver it, RFC 3339. */
  expires_at?: string | undefined;
  /** When to send it, RFC 3339. Default: now. */
  schedule_at?: string | undefined;
  /** Where Prelude posts the delivery events. Default: the client's. */
  callback_url?: string | undefined;
  /** Comes back in every delivery event; at most 80 characters. Default: made by the client. */
  correlation_id?: string | undefined;
  /** The channel to try first. Prelude may fall back to SMS. */
  preferred_channel?: "whatsapp" | "rcs" | "sms" | (string & {}) | undefined;
  /** How often Prelude tries again by itself when the delivery fails. */
  max_auto_retries?: number | undefined;
  /** A file that goes along. */
  document?: { /** `https`. */ url: string; /** The name that the user sees. */ filename?: string | undefined } | undefined;
}

/** A template and its receiver. */
export interface SendParams extends Template {
  /** The receiver, in E.164 format. */
  to: string;
}

/** The API's answer to a reply. */
export interface ReplyResponse {
  /** Tells it from a {@link SendResponse}. */
  sent: "reply";
  /** The message's id, `tx_…`: delivery events name it. */
  id: string;
  /** The receiver. */
  to: string;
  /** What the user reads. */
  text: string;
  /** The message that was answered. */
  reply_to: string;
  /** When the API made the message, RFC 3339 with nanoseconds. */
  created_at: string | null;
  /** Where delivery events go. */
  callback_url: string | null;
  /** The correlation id of the message. */
  correlation_id: string | null;
  /** The id of the request, for Prelude's support. */
  request_id: string | null;
  /** The exact answer, JSON. */
  raw: string;
}

/** The API's answer to a template. */
export interface SendResponse {
  /** Tells it from a {@link ReplyResponse}. */
  sent: "template";
  /** The message's id, `tx_…`: delivery events name it. */
  id: string;
  /** The receiver. */
  to: string;
  /** The template that was sent. */
  template_id: string;
  /** Its variables. */
  variables: Record<string, string>;
  /** When the API made the message, RFC 3339 with nanoseconds. */
  created_at: string | null;
  /** Until when Prelude tries to deliver it. */
  expires_at: string | null;
  /** The sender. */
  from: string | null;
  /** Where delivery events go. */
  callback_url: string | null;
  /** The correlation id of the message. */
  correlation_id: string | null;
  /** When it will be sent. */
  schedule_at: string | null;
  /** `GSM-7` or `UCS-2`, for SMS. */
  encoding: string | null;
  /** How many SMS it would take. */
  estimated_segment_count: number | null;
  /** The id of the request, for Prelude's support. */
  request_id: string | null;
  /** The exact answer, JSON. */
  raw: string;
}

/** A file that a user sent. Printed it shows lengths only: the user chose its name. */
export interface InboundMedia {
  /** The `Content-Type`, such as `image/jpeg`. */
  content_type: string | null;
  /** The name, without directories. Do not take it for a path as it is. */
  filename: string | null;
  /** The file itself. */
  bytes: Buffer;
}

/** What `replyOrTemplate` sent: `response.sent` says which. */
export type Answered = ReplyResponse | SendResponse;

/** What an answer needs of a message: also one that went through `JSON.stringify` and a queue. */
export type Answerable = Pick<InboundMessage, "message_id" | "from"> & { channel?: string };

/** The calls as Prelude's documentation groups them. */
export interface Notify {
  /**
   * `POST /v2/notify/reply`: answers an inbound message.
   * @see https://docs.prelude.so/notify/v2/api-reference/send-a-reply
   */
  reply(params: ReplyParams, options?: CallOptions): Promise<ReplyResponse>;
  /**
   * `POST /v2/notify`: sends a template.
   * @see https://docs.prelude.so/notify/v2/api-reference/send-a-message
   */
  send(params: SendParams, options?: CallOptions): Promise<SendResponse>;
  /**
   * `GET /v2/notify/inbound/{message_id}/media`: fetches the file that a user sent with the message
   * `messageId`, `im_…`. It is repeated on connection failures, 429 and 5xx, and never ends as
   * `maybe_sent`. Default `timeout`: 30 s, or the client's where that is longer.
   * @throws {InvalidReplyContextError} when `messageId` is no message's id
   * @throws {ApiError} `http_error` for a file longer than 5 MiB
   */
  inboundMedia(messageId: string, options?: CallOptions): Promise<InboundMedia>;
}

/**
 * Sends replies and templates: one call sends at most one message, and every error says what is
 * known about it.
 */
export class Client {
  /**
   * @throws {ConfigurationError} with the name of the wrong option
   * @throws {AuthenticationError} `missing_api_token`, or `invalid_api_token` for one that no header
   *   can carry
   */
  constructor(options?: ClientOptions);
  /** The calls as Prelude's documentation groups them. */
  readonly notify: Notify;
  /** Answers `message` with `text`, as a quoted reply. */
  reply(message: Answerable, text: string, options?: CallOptions): Promise<ReplyResponse>;
  /**
   * Answers `message` with `text`, or with `template` when the server says that the window has
   * closed; never after a `maybe_sent`. Prelude may fall back to SMS for the template.
   */
  replyOrTemplate(message: Answerable, text: string, template: Template, options?: CallOptions): Promise<Answered>;
  /** Ends the client: requests that have begun get 2 s to end, later calls fail with `cancelled`. */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The raw body, as it was received. */
export type Body = Uint8Array | ArrayBuffer | string;

/** The headers of a request: of `fetch`, of `node:http`, a `Map`, or pairs. */
export type WebhookHeaders =
  | { forEach(callback: (value: string, name: string) => void): void }
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | ReadonlyArray<readonly [name: string, value: string]>;

/** Turns webhook requests into events: bytes in, event out. */
export class Webhook {
  /**
   * @param publicKeys The webhook's public key, PEM or JWKS; several for the days of a rotation.
   *   Default: `PRELUDE_WEBHOOK_PUBLIC_KEY`.
   * @throws {ConfigurationError} for a key that is none, is private, or has under 2048 bits
   */
  constructor(publicKeys?: string | readonly string[]);
  /**
   * Takes every request, whoever sent it: for accounts that have not enabled signing, behind a
   * network that lets only Prelude in. Events are marked `verified: false`.
   */
  static unverified(): Webhook;
  /**
   * Checks the signature over `body`, the raw bytes as they were received, and reads the event.
   * @throws {SignatureVerificationError} `signature_missing`, `signature_invalid`, with a `reason`
   * @throws {UnreadableEventError} when the signature is good but the body is no event
   */
  verify(body: Body, headers: WebhookHeaders): PreludeEvent;
}

/** The run of a handler: the second argument of every handler. */
export interface HandlerContext {
  /** The number of this attempt at the message, from 1. */
  readonly attempt: number;
  /**
   * Aborts when the answer is not wanted any more: after `handlerTimeout` (`TimeoutError`), or when
   * the inbox shuts down (`AbortError`). Hand it to `fetch` and to your model's client.
   */
  readonly signal: AbortSignal;
  /** The milliseconds that are left of `handlerTimeout`. */
  remaining(): number;
}

/**
 * The answer of a message handler: a text, nothing, or a reply with options. Everything else, and an
 * empty text, is a failure of the handler that says what was returned.
 */
export type HandlerAnswer =
  | string
  | null
  | undefined
  | void
  | {
      /** The text that the user reads. */
      text: string;
      /** Where Prelude posts the delivery events. Default: the client's. */
      callback_url?: string | undefined;
      /** Comes back in every delivery event. One of your own must be unique to this message. */
      correlation_id?: string | undefined;
      /** What to send instead when the server says that the window has closed. */
      template?: Template | undefined;
    };

/**
 * Something went wrong. The inbox has already dealt with it; this is for logs and alarms: an id that
 * does not look like one is printed as `…`, and is no enumerable property.
 */
export interface Failure {
  /**
   * The step that failed: `handler` is your own code, the others are the inbox's. `queue`: messages have waited for
   * more than a minute, and no worker takes them.
   */
  stage: "webhook" | "handler" | "send" | "queue" | "store";
  /** The event, as far as one was read. */
  event_id: string | null;
  /** The message that was to be answered. */
  message_id: string | null;
  /** Tells whether the inbox is done with it. `false`: the inbox, or a redelivery, tries again. */
  final: boolean;
  /** What went wrong: what your handler threw, or a {@link BackchatError}. */
  error: unknown;
}

/** What to answer Prelude: hand it to the web framework. */
export interface Receipt {
  /** 200: done, do not send it again. 401: not from Prelude. 413: too long. 503: send it again. */
  status: number;
  /** A word for people who read the log. */
  body: string;
  /** Headers to send along: `Retry-After`, or none. */
  headers: Record<string, string>;
}

/** How the queue of an inbox works. */
export interface QueueOptions {
  /** How many messages this process works on at once; of one sender always only one. Default: 8. */
  concurrency?: number | undefined;
  /** As {@link InboxOptions.maxAttempts}, which goes before it. */
  maxAttempts?: number | undefined;
  /** Milliseconds to wait after the first failure; doubles with each further one. Default: 2000. */
  backoff?: number | undefined;
  /** The longest wait, in milliseconds, not shorter than `backoff`. Default: 5 minutes. */
  longestBackoff?: number | undefined;
  /** How often to look for what other processes stored, in milliseconds. Default: 200. */
  poll?: number | undefined;
}

/** The options of an inbox. */
export interface InboxOptions {
  /**
   * Where the ledger lives: `sqlite:inbox.db`, `postgres://user@host/database`. Default: memory, for
   * development. It is opened by its first use.
   */
  store?: string | undefined;
  /** The application, when several share a store. Default: `default`. */
  scope?: string | undefined;
  /** Which of several answers to the same message this inbox gives. Default: `reply`. */
  slot?: string | undefined;
  /**
   * Milliseconds of a claim: after it another worker may take the message, and a request without an
   * end counts as `maybe_sent`. At least 10 s longer than the client's `timeout`, and longer than
   * `handlerTimeout`. Default: 120000.
   */
  lease?: number | undefined;
  /**
   * Milliseconds that a handler may take. Then its run counts as failed and its `signal` aborts. No
   * second run of the message begins in this process while the first goes on. Default: three quarters
   * of `lease`.
   */
  handlerTimeout?: number | undefined;
  /** Milliseconds that finished rows are kept, at least 15 days. Default: 30 days. */
  retention?: number | undefined;
  /**
   * The age, in milliseconds, from which {@link Inbox.receive} does not take a signed event that the
   * ledger does not know: it gets 503, and {@link Inbox.onError} is told. `null` takes events of any
   * age. Default: 14.5 days; Prelude delivers for 14.
   */
  maxEventAge?: number | null | undefined;
  /**
   * The number of attempts at a message whose handler fails, with and without `queue`; then it is
   * `given_up`, and a redelivery gets 200. Default: 8.
   */
  maxAttempts?: number | undefined;
  /**
   * Stores each message, answers 200 at once, and lets {@link Inbox.run} answer it. Default: inline,
   * within the request.
   */
  queue?: boolean | QueueOptions | undefined;
}

/**
 * The state of the answer to a message. `queued`: waits for its first attempt. `claimed`: a
 * handler runs. `sending`: a request may be under way. `retrying`: nothing was sent, and it is tried
 * again. `given_up`: nothing was sent, and it is not tried again. `skipped`: the handler returned
 * nothing.
 */
export type RecordState =
  | "queued"
  | "claimed"
  | "sending"
  | "retrying"
  | "sent"
  | "rejected"
  | "skipped"
  | "maybe_sent"
  | "given_up";

/** The health of an inbox, for a health check of the server. Times are in milliseconds. */
export interface InboxHealth {
  /** `false` when messages have waited for more than a minute and no worker of any process has one. */
  ok: boolean;
  /** Tells whether {@link Inbox.run} is under way in this process. */
  running: boolean;
  /** The time since the longest waiting message of the queue became due. */
  oldest_due: number | null;
  /** The age of the oldest `maybe_sent`, which waits for somebody to decide. */
  oldest_maybe_sent: number | null;
  /** The number of requests that this process refused, because they were not signed by Prelude. */
  refused_requests: number;
}

/**
 * One row of the ledger. It holds no text and no number. An id or a code that does not look like a word
 * is printed as `…`, and is no enumerable property.
 */
export interface InboxRecord {
  /** The inbound message, `im_…`. */
  message_id: string;
  /** The application. */
  scope: string;
  /** Which of several answers to the same message. */
  slot: string;
  /** What is known. */
  state: RecordState;
  /** The id of the reply, `tx_…`. */
  reply_id: string | null;
  /** The correlation id of the reply. */
  correlation_id: string | null;
  /** Why it was rejected, or why the last attempt was not sent. */
  code: string | null;
  /** The furthest delivery event so far. */
  delivery: string | null;
  /** Claims since the message came, or since it was re-armed. */
  attempts: number;
  /** When the message was first seen, RFC 3339. */
  created_at: string;
  /** When the row last changed, RFC 3339. */
  updated_at: string;
  /** When the queue tries (again), RFC 3339. */
  due_at: string | null;
}

/**
 * Answers each message once: verifies, claims, runs the handler, sends what it returns, records the
 * outcome, and says what to answer Prelude.
 */
export class Inbox {
  /** @throws {ConfigurationError} with the name of the wrong option */
  constructor(client: Client, webhook: Webhook, options?: InboxOptions);
  /**
   * Who answers messages. When it throws, or takes longer than `handlerTimeout`, nothing is sent,
   * {@link onError} is told, Prelude gets 503, and it runs again, up to `maxAttempts` times. It may run
   * more than once for a message; at most one of its answers is sent.
   * @throws {ConfigurationError} when there is a handler already; so do the other `on…`
   */
  onMessage(
    handler: (message: InboundMessage, context: HandlerContext) => HandlerAnswer | Promise<HandlerAnswer>,
  ): this;
  /** Who is told what became of a reply. At least once per event, after the ledger knows. */
  onDelivery(handler: (event: DeliveryEvent, context: HandlerContext) => unknown): this;
  /** Who is told that a user opted out, in again, or asked for help. At least once per event. */
  onOptOut(handler: (event: OptOutEvent, context: HandlerContext) => unknown): this;
  /** Who gets every other event. At least once per event. */
  onOther(handler: (event: PreludeEvent, context: HandlerContext) => unknown): this;
  /**
   * Who is told when something went wrong, also while no request is under way. Without one it is
   * printed with `console.error`. A hook that throws, or whose promise rejects, ends nothing: a
   * process warning tells. Requests that are not signed by Prelude are only counted: {@link health}.
   */
  onError(hook: (failure: Failure) => unknown): this;
  /** Takes one webhook request, from any framework. Answer Prelude with the receipt. */
  receive(body: Body, headers: WebhookHeaders): Promise<Receipt>;
  /** Takes an event that was verified elsewhere, or kept. Its age does not matter. */
  handle(event: PreludeEvent): Promise<Receipt>;
  /** A handler for Express, Fastify (as `onRequest`), Next.js pages and `node:http`. */
  nodeHandler(): NodeHandler;
  /** A handler for Hono, Next.js routes, Bun, Deno: it may be passed on by itself. */
  readonly fetch: (request: FetchRequest) => Promise<Response>;
  /**
   * Runs what must run beside the requests, until {@link shutdown}: with `queue` the workers, and
   * always the cleaning up of old rows.
   */
  run(): Promise<void>;
  /**
   * Stops {@link run}: takes nothing more from the queue, and waits for what was begun, no longer than
   * `limit` milliseconds. Then the signals of the handlers that still run abort, and their messages are
   * released. `true` when all work, every handler included, has ended.
   */
  shutdown(options?: { limit?: number | undefined }): Promise<boolean>;
  /** The health of this inbox, cheap enough for a check every few seconds. */
  health(): Promise<InboxHealth>;
  /** What is known about the answer to a message. */
  outcome(messageId: string): Promise<InboxRecord | null>;
  /** Rows in the order in which they were first seen, at most 1000. */
  list(query?: { state?: RecordState | undefined; since?: Date | string | undefined }): Promise<InboxRecord[]>;
  /** How many rows are in each state. It may read every row. */
  counts(): Promise<Partial<Record<RecordState, number>>>;
  /** How long the oldest `maybe_sent` has waited for somebody to decide, in milliseconds. */
  oldestMaybeSentAge(): Promise<number | null>;
  /**
   * An operator says: send it after all. Without `queue` the handler has run when this resolves, and
   * {@link outcome} tells how it ended. `refused` while a request may be under way or its handler has not
   * settled (it waits the client's `timeout` for that), and when a reply was accepted;
   * `no_event` when the row keeps no event any more: then give the `event` that you kept.
   */
  rearm(messageId: string, event?: InboundMessage): Promise<"rearmed" | "refused" | "no_event" | "unknown">;
  /** Erases what names or quotes a number, exactly as the events wrote it; says in how many rows. */
  forget(phone: string): Promise<number>;
  /** Deletes old rows; {@link run} does it by itself. Says how many rows changed. */
  prune(): Promise<number>;
  /** {@link shutdown}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The request of a framework that builds on `fetch`. */
export interface FetchRequest {
  /** Its headers. */
  readonly headers: { forEach(callback: (value: string, name: string) => void): void };
  /** Its body, a stream of bytes. */
  readonly body: unknown;
  /** Whether something has read the body before. */
  readonly bodyUsed: boolean;
}

/** What {@link Inbox.nodeHandler} gives. */
export type NodeHandler = (
  request: IncomingMessage | { raw: IncomingMessage; body?: unknown },
  response: ServerResponse | { raw: ServerResponse; hijack(): unknown },
) => void;

/**
 * For body parsers that run before the webhook's route: `express.json({ verify: keepRawBody })` keeps
 * the bytes that the signature was made over.
 */
export function keepRawBody(request: IncomingMessage, response: ServerResponse, body: Buffer): void;

/** The version of this package. */
export const version: string;
