// `backchat/testing`: Prelude on this machine, to test one's own bot against.

import type { Client, ClientOptions, Webhook } from "./index.js";

/** The settings of a sandbox. */
export interface SandboxOptions {
  /** Where to listen. Default: `127.0.0.1` and a free port. */
  listen?: string | undefined;
  /** The token that the API wants. Default: `sandbox`. */
  token?: string | undefined;
  /** Where events of users go. Without one they are only recorded. */
  webhookUrl?: string | undefined;
  /** The number that users write to. Default: `+14155551234`. */
  businessNumber?: string | undefined;
  /** The private key of the webhooks' signatures, RSA in PEM. Default: a new one. */
  signingKey?: string | undefined;
  /** What the clock shows at the start. Default: the real time. */
  startAt?: Date | string | undefined;
  /** Milliseconds that a webhook's receiver may stay silent. Default: 10000, as Prelude waits. */
  webhookTimeout?: number | undefined;
}

/** An event as the application receives it: give `body` and `headers` to `inbox.receive`. */
export interface SandboxEvent {
  /** `evt_…`. */
  id: string;
  /** Such as `inbound.message.received`. */
  type: string;
  /** `im_…` or `tx_…`: the message that it is about. */
  message_id: string | null;
  /** The body, byte for byte as it is posted. */
  body: string;
  /** The headers, with the signature. */
  headers: Record<string, string>;
}

/** A file that a user sends, at most 4 MiB. */
export interface SandboxFile {
  /** The file. */
  bytes: Uint8Array | ArrayBufferLike;
  /** Its media type, such as `image/jpeg`. Default: `application/octet-stream`. */
  content_type?: string | null | undefined;
  /** Its name, such as `photo.jpg`. Default: none. */
  filename?: string | null | undefined;
}

/** A message that the API accepted, as it reaches the user. */
export type SentMessage = {
  /** `tx_…`. */
  id: string;
  /** The user's number. */
  to: string;
  /** What the user reads. */
  text: string;
  /** The channel that it goes out on. */
  channel: "whatsapp" | "rcs" | "sms";
  /** When the API accepted it. */
  created_at: string;
  /** Where its delivery events go. */
  callback_url?: string;
  /** The application's own name for it. */
  correlation_id?: string;
} & (
  | {
      type: "reply";
      /** `im_…`: the message that is answered. */
      reply_to: string;
      /** The text of the message that is answered. */
      quoted_text: string;
    }
  | {
      type: "template";
      /** `template_…`. */
      template_id: string;
      /** What was filled in. */
      variables: Record<string, string>;
      /** When it is given up. */
      expires_at: string;
      /** When it goes out; left out: at once. */
      schedule_at?: string;
      /** The sender that was asked for. */
      from?: string;
      /** The language that was asked for. */
      locale?: string;
      /** The file that goes with it. */
      document_url?: string;
    }
);

/** One attempt to post an event. */
export interface Delivery {
  /** `evt_…`. */
  event_id: string;
  /** Such as `inbound.message.received`. */
  type: string;
  /** Where it was posted. */
  url: string | null;
  /** 1 for the event's first attempt. */
  attempt: number;
  /** When, by the sandbox's clock. */
  at: string;
  /** The answer's status. Neither this nor `error`: it is under way. */
  status?: number;
  /** The beginning of the answer's body: an inbox says there what it did. */
  answer?: string;
  /** Why there was no answer. */
  error?: string;
  /** When it comes again. */
  next_attempt_at?: string;
}

/** What goes wrong with the next calls of the API. */
export type Fault = {
  /** How many times it happens. Default: 1. */
  count?: number;
  /** Whether the API does its work all the same. */
  processed?: boolean;
} & (
  /** An answer with this status, 300 to 599. */
  | { kind: "status"; status: number; code?: string; retry_after?: number | string }
  /** An answer that takes this long. */
  | { kind: "delay"; milliseconds: number }
  /** The connection is reset, after the request's head or after all of it. */
  | { kind: "reset"; after: "head" | "request" }
  /** The answer's body ends in the middle. */
  | { kind: "cut_body" }
  /** The next accepted message does not arrive. */
  | { kind: "delivery"; outcome?: "failed" | "unknown"; status?: string; reason?: string }
);

/** A template that can be sent. Its variables are the names in its text, as `{{name}}`. */
export interface SandboxTemplate {
  /** `template_…`. */
  id: string;
  /** What the user reads, with `{{name}}` for each variable. */
  text: string;
  /** Such as `marketing`. Default: `utility`. */
  category?: string;
  /** Whether WhatsApp has approved it. Default: `true`. */
  validated?: boolean;
}

/** What Prelude knows about the account. Everything in it makes the API refuse a message. */
export interface Account {
  /** At 0 or less: `insufficient_balance`. Sending costs nothing here. */
  balance: number;
  /** `suspended_account`. */
  suspended: boolean;
  /** `spending_limit_exceeded`. */
  spending_limit_exceeded: boolean;
  /** Beginnings of numbers that get `unsupported_country`, such as `+7`. */
  unsupported_countries: string[];
  /** Beginnings of numbers that get `unsupported_region`, such as `+1907`. */
  unsupported_regions: string[];
  /** Numbers that get `blocked_number`. */
  blocked_numbers: string[];
  /** Numbers that get `invalid_line_type`. */
  invalid_line_numbers: string[];
  /** Numbers whose user sent STOP: templates to them get `unsubscribed`. */
  unsubscribed_numbers: string[];
  /** The senders that `from` may name, else `invalid_sender_id`. Empty: any. */
  sender_ids: string[];
  /** Categories of templates that get `category_forbidden`. */
  forbidden_categories: string[];
}

/**
 * A stand-in for Prelude in this process: the API, signed webhooks, a clock, faults. What a control
 * refuses is a `ConfigurationError`.
 */
export class Sandbox {
  private constructor();
  /** Starts one. `await using sandbox = await Sandbox.start()` stops it at the end of the block. */
  static start(options?: SandboxOptions): Promise<Sandbox>;
  /** The base URL for clients. */
  readonly url: string;
  /** The token for clients. */
  readonly token: string;
  /** The public key of the webhooks, PEM. */
  readonly publicKey: string;
  /** The same as a JSON Web Key Set. */
  readonly jwks: object;
  /** A client of this sandbox. */
  client(options?: ClientOptions): Client;
  /** A webhook that trusts this sandbox. */
  webhook(): Webhook;
  /**
   * A user writes. With `to`, the URL of your webhook, the event is posted there (and so are later
   * ones); resolves after the first attempt, or at once with `wait: false`. With a `file`, `text` is
   * its caption, or `null` for none, and `client.notify.inboundMedia` fetches it.
   */
  say(
    from: string,
    text: string | null,
    options?: {
      file?: SandboxFile | undefined;
      to?: string | undefined;
      businessNumber?: string | undefined;
      channel?: "whatsapp" | "rcs" | undefined;
      wait?: boolean | undefined;
    },
  ): Promise<SandboxEvent>;
  /** A user sends STOP, START or HELP. After STOP templates to them get `unsubscribed`. */
  optOut(
    from: string,
    action?: "STOP" | "START" | "HELP",
    options?: { businessNumber?: string | undefined; wait?: boolean | undefined },
  ): Promise<SandboxEvent>;
  /** Posts an event once more. */
  redeliver(eventId: string): Promise<Delivery>;
  /** Moves the clock ahead; webhooks that fall due on the way are posted. `{}` waits for what is
   * under way, such as the delivery events of a reply. Resolves to the new time. */
  advance(by: {
    days?: number;
    hours?: number;
    minutes?: number;
    seconds?: number;
    milliseconds?: number;
  }): Promise<string>;
  /** Everything that the API accepted, in order. */
  readonly messages: SentMessage[];
  /** Every attempt to post an event, in order. */
  readonly deliveries: Delivery[];
  /** What the clock shows. */
  readonly now: string;
  /** Lets the next calls of the API go wrong. */
  failNext(fault: Fault): void;
  /** Forgets the faults that did not happen yet. */
  clearFaults(): void;
  /** What Prelude knows about the account, after these changes. */
  account(changes?: Partial<Account>): Account;
  /** Adds a template, or replaces the one of the same id. */
  addTemplate(template: SandboxTemplate): void;
  /** Where events of users go from now on. */
  setWebhookUrl(url: string | null): void;
  /** Forgets everything and starts again; the key, the token and the address stay. */
  reset(): void;
  /** Stops it. */
  stop(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
