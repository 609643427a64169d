// For handlers that need longer than Prelude waits: each message is stored, Prelude gets its 200, and
// the workers answer.
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { Client, Inbox, Webhook } from "backchat";

const store = process.env.BACKCHAT_STORE ?? "sqlite:inbox.db";
const inbox = new Inbox(new Client(), new Webhook(), { store, queue: { concurrency: 16 } });

inbox.onMessage(async (message) => {
  await setTimeout(200); // a language model thinks
  return `You said: ${message.text}`;
});

const server = createServer(inbox.nodeHandler());
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.once("SIGTERM", async () => {
  server.close();
  await inbox.shutdown(); // what was begun is finished; the rest waits for the next process
});
await inbox.run();
