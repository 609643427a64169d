// The events of Prelude: plain objects, told apart by `type`. Fields have their wire names.

/** What every event has. */
interface EventBase {
  /** The event's id, `evt_…`. */
  id: string;
  /** When the event was made, RFC 3339 with nanoseconds. */
  created_at: string;
  /** Whether Prelude's signature was checked. */
  verified: boolean;
  /** The exact JSON of the event, as Prelude wrote it. */
  raw: string;
}

/** Until when the user may be answered, as the event said when it was made. Not a gate: a newer
 * message may have reset the window, so a reply always asks the server. */
export interface ReplyWindow {
  /** When it closes, cut off to the millisecond. `null` on channels without a window (RCS), and when
   * the event does not say. {@link replyWindowState} tells which. */
  expires_at: Date | null;
}

/** A message from a user: a text, or a file with or without a caption. */
export interface InboundMessage extends EventBase {
  type: "inbound.message.received";
  /** The message's id, `im_…`: give it as `reply_to`. The same on every redelivery. */
  message_id: string;
  /** The channel. Empty when the event names none. */
  channel: "whatsapp" | "rcs" | (string & {});
  /** Who wrote, a phone number. */
  from: string;
  /** The business number that received it; for RCS an agent. Empty when the event names none. */
  to: string;
  /** The text, or the caption of a file. Empty when there is none. */
  text: string;
  /** All that the event's content holds, as `JSON.parse` reads it: mostly an object. How the content of
   * a file looks is not documented. `null` when the event has no content. */
  content: unknown;
  /** Until when the user may be answered. */
  reply_window: ReplyWindow;
}

/** What happened to a message. */
export type DeliveryStatus = "created" | "submitted" | "pending_delivery" | "delivered" | "failed" | "unknown";

/** Why a message failed. */
export type DeliveryReason =
  | "unavailable"
  | "generic"
  | "network"
  | "unknown_recipient"
  | "insufficient_balance"
  | "carrier_rejected"
  | "unknown"
  | (string & {});

/** What became of a reply or a template. All but the message's id may be missing. */
export interface DeliveryEvent extends EventBase {
  type: `transactional.message.${DeliveryStatus}`;
  /** What happened, from the event's type. */
  status: DeliveryStatus;
  /** The message's id, `tx_…`: the one that the reply's answer gave. */
  message_id: string;
  /** The correlation id of the call that sent the message. */
  correlation_id: string | null;
  /** Why it failed. */
  reason: DeliveryReason | null;
  /** The word of `failed` and `unknown` events: `failed` or `expired`. */
  final_status: string | null;
  /** The receiver. */
  to: string | null;
  /** The channel that was used. */
  channel: string | null;
  /** The attempt, `att_…`. */
  attempt_id: string | null;
  /** The template, for templates. */
  template_id: string | null;
  /** The account. */
  customer_uuid: string | null;
  /** When the message was made. */
  message_created_at: string | null;
  /** Until when Prelude tries to deliver it. */
  expires_at: string | null;
  /** What it cost, in the API's own strings. */
  fee: { amount: string | null; currency: string | null } | null;
}

/** What a user, or their carrier, asked for. */
export type OptOutKind = "stop" | "start" | "help" | "carrier_disconnect";

/** A user opted out of marketing messages, in again, or asked for help. */
export interface OptOutEvent extends EventBase {
  type: `marketing.subscription.${OptOutKind}`;
  /** What happened, from the event's type. */
  kind: OptOutKind;
  /** The word that the user sent. */
  action: string | null;
  /** Who sent it. */
  from: string | null;
  /** What they wrote to; sometimes a short code. */
  to: string | null;
  /** When it was received. */
  received_at: string | null;
}

// Only for the compiler, which leaves a member of an enum out of every named case of a `switch`; of a
// plain `string` it would keep it in all of them.
declare enum Open {
  Type = "any other",
}

/** Any type that this version does not know, such as `verify.attempt.created`: a string. To compare
 * it, write `const type: string = event.type`. */
export type UnknownEventType = Open.Type;

/** An event of a type that this version does not know. */
export interface UnknownEvent extends EventBase {
  /** The type, such as `verify.attempt.created`. */
  type: UnknownEventType;
  /** The payload, as a tree. */
  payload: unknown;
}

/** Any event: `switch (event.type)` tells which. New types come without notice, as the last member. */
export type PreludeEvent = InboundMessage | DeliveryEvent | OptOutEvent | UnknownEvent;

/** Whether a user wrote. */
export function isInboundMessage(event: PreludeEvent): event is InboundMessage;

/**
 * Reads an event from its wire form, such as `event.raw`. **No signature is checked**: `verified` is
 * `false`.
 * @throws {UnreadableEventError} `event_unreadable`, which keeps the bytes
 */
export function eventFromJson(json: string | Uint8Array): PreludeEvent;

/** `open`, `closed`, `none` (a channel without a window: RCS) or `unknown`, at `now`. */
export function replyWindowState(
  message: Pick<InboundMessage, "raw">,
  now?: Date | string,
): "open" | "closed" | "none" | "unknown";

/** The milliseconds left at `now`: 0 once closed, `null` without a window or when unknown. */
export function replyWindowRemaining(message: Pick<InboundMessage, "raw">, now?: Date | string): number | null;

export {};
