// The bot in Fastify, whose JSON body parser is always there: as `onRequest` the inbox comes first.
import Fastify from "fastify";
import { Client, Inbox, Webhook } from "backchat";

const store = process.env.BACKCHAT_STORE ?? "sqlite:inbox.db";
const inbox = new Inbox(new Client(), new Webhook(), { store });

inbox.onMessage(async (message) => `You said: ${message.text}`);

const app = Fastify();
app.post("/webhooks/prelude", { onRequest: inbox.nodeHandler() }, () => {});
app.post("/echo", async (request) => request.body);

console.log(`listening on ${await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 8000) })}`);
