// A strict TypeScript program of everything that a user can name. It is only compiled.
import { createServer } from "node:http";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import {
  BackchatError,
  Client,
  ConfigurationError,
  Inbox,
  MaybeSentError,
  SignatureVerificationError,
  Webhook,
  WindowExpiredError,
  eventFromJson,
  isBackchatError,
  isInboundMessage,
  keepRawBody,
  replyWindowRemaining,
  replyWindowState,
  version,
  type Answered,
  type CallOptions,
  type ClientOptions,
  type Failure,
  type HandlerContext,
  type InboundMedia,
  type InboundMessage,
  type InboxHealth,
  type InboxRecord,
  type KnownErrorCode,
  type LogEntry,
  type PreludeEvent,
  type Receipt,
  type Template,
} from "backchat";
import { Sandbox, type SandboxEvent, type SentMessage } from "backchat/testing";

// Says that a value has exactly this type.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<T extends true>(_proof?: T): void {}

const options: ClientOptions = {
  apiToken: async () => "token",
  timeout: 8000,
  caCertificate: ["pem"],
  onLog: (entry: LogEntry) => console.log(entry.level, entry.elapsed),
};
export const client = new Client(options);

// The product description's example.
export async function seed(): Promise<string | null> {
  const response = await client.notify.reply({
    to: "+33612345678",
    text: "Thanks for reaching out! We'll look into your request.",
    reply_to: "im_01k8aq2zggeyssvt53zgvpx63a",
  });
  const id: string = response.id;
  return response.created_at ?? id;
}

export function events(event: PreludeEvent): string {
  switch (event.type) {
    case "inbound.message.received":
      is<Same<typeof event, InboundMessage>>();
      is<Same<typeof event.reply_window.expires_at, Date | null>>();
      return `${event.text} ${replyWindowState(event)} ${replyWindowRemaining(event, new Date())}`;
    case "transactional.message.created":
    case "transactional.message.delivered":
      return event.message_id;
    case "transactional.message.failed":
      return event.reason ?? "generic";
    case "marketing.subscription.stop":
      return event.from ?? "somebody";
    default: {
      const type: string = event.type;
      return `${type} ${event.raw}`;
    }
  }
}

export async function answers(message: InboundMessage, template: Template): Promise<void> {
  const rest: CallOptions = { signal: AbortSignal.timeout(1000), headers: { "x-trace": "1" }, maxRetries: 0 };
  const answered: Answered = await client.replyOrTemplate(message, "Hello", template, rest);
  if (answered.sent === "reply") {
    console.log(answered.reply_to);
  } else {
    console.log(answered.template_id, answered.variables["name"]);
  }
  await client.reply({ message_id: message.message_id, from: message.from }, "Hello");
  await client.reply(message, "Hello", { headers: new Headers() });
  await client.reply(message, "Hello", { headers: new Map([["x-trace", "1"]]) });
  const media: InboundMedia = await client.notify.inboundMedia(message.message_id, rest);
  is<Same<typeof media.filename, string | null>>();
  console.log(media.bytes.byteLength);
  // @ts-expect-error: a reply has a text
  await client.notify.reply({ to: message.from, reply_to: message.message_id });
  // @ts-expect-error: no such option
  new Client({ baseURL: "https://api.prelude.dev" });
}

export function errors(error: unknown): number {
  if (error instanceof WindowExpiredError) {
    is<Same<typeof error.code, "window_expired">>();
    return error.webhookStatus;
  }
  if (error instanceof MaybeSentError) {
    is<Same<typeof error.outcome, "maybe_sent">>();
    return error.phase === "answered" ? 1 : 2;
  }
  if (error instanceof SignatureVerificationError && error.reason === "no_key_matches") {
    return 401;
  }
  if (error instanceof ConfigurationError) {
    return error.option === null ? 0 : error.option.length;
  }
  if (isBackchatError(error)) {
    is<Same<typeof error, BackchatError>>();
    const code: KnownErrorCode | (string & {}) = error.code;
    return error.retryAfter ?? code.length;
  }
  // @ts-expect-error: an error is made by Backchat alone
  new WindowExpiredError("no", {});
  return 0;
}

export async function inboxes(): Promise<void> {
  const inbox = new Inbox(client, new Webhook(["old", "new"]), { store: "sqlite:inbox.db", queue: { concurrency: 4 } });
  inbox
    .onMessage(async (message) => (message.text === "STOP" ? null : { text: message.text, template: { template_id: "template_1" } }))
    .onDelivery(async (event) => console.log(event.status, event.fee?.amount))
    .onOptOut((event) => event.kind)
    .onOther((event) => isInboundMessage(event))
    .onError(async ({ stage, final, error }: Failure) => console.error(stage, final, error));
  new Inbox(client, Webhook.unverified(), { handlerTimeout: 5000, maxAttempts: 3, maxEventAge: null }).onMessage(
    async (message, { attempt, signal, remaining }: HandlerContext) => {
      const answer = await fetch("https://model.example", { signal });
      return attempt > 1 && remaining() < 1000 ? undefined : answer.text();
    },
  );
  // @ts-expect-error: an answer has a text
  inbox.onMessage(() => ({}));
  // @ts-expect-error: a number is no answer
  inbox.onMessage(() => 7);
  const receipt: Receipt = await inbox.receive(new Uint8Array(), new Headers());
  const records: InboxRecord[] = await inbox.list({ state: "maybe_sent", since: new Date() });
  console.log(receipt.headers["Retry-After"], records[0]?.code, (await inbox.counts()).sent, await inbox.rearm("im_1"));
  const health: InboxHealth = await inbox.health();
  const ended: boolean = await inbox.shutdown({ limit: 1000 });
  console.log(health.ok, health.oldest_due ?? 0, ended);
  await inbox.handle(eventFromJson("{}"));

  createServer(inbox.nodeHandler());
  express().use(express.json({ verify: keepRawBody })).post("/", inbox.nodeHandler());
  Fastify().post("/", { onRequest: inbox.nodeHandler() }, () => {});
  new Hono().post("/", (c) => inbox.fetch(c.req.raw));
  const route: (request: Request) => Promise<Response> = inbox.fetch;
  console.log(route.name, version);
}

export async function sandboxes(): Promise<void> {
  await using sandbox = await Sandbox.start({ startAt: new Date() });
  const event: SandboxEvent = await sandbox.say("+33612345678", "Hi", { to: "http://127.0.0.1:8000/" });
  const file = { bytes: new Uint8Array(), content_type: "image/png", filename: null };
  await sandbox.say("+33612345678", null, { file });
  sandbox.failNext({ kind: "reset", after: "request", processed: true });
  await sandbox.advance({ hours: 24 });
  const sent: SentMessage | undefined = sandbox.messages[0];
  console.log(event.id, sent?.type === "reply" ? sent.quoted_text : sent?.text);
  await using own = sandbox.client({ maxRetries: 0 });
  await own.close();
}
