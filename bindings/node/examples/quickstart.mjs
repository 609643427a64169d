// Answers every WhatsApp message, once. Needs nothing but Node and Backchat.
//
// The settings come from the environment: PRELUDE_API_TOKEN, PRELUDE_WEBHOOK_PUBLIC_KEY, and for a
// sandbox PRELUDE_BASE_URL.
import { createServer } from "node:http";
import { Client, Inbox, Webhook } from "backchat";

const store = process.env.BACKCHAT_STORE ?? "sqlite:inbox.db";
const inbox = new Inbox(new Client(), new Webhook(), { store });

inbox.onMessage(async (message) => `You said: ${message.text}`);

const server = createServer(inbox.nodeHandler());
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
