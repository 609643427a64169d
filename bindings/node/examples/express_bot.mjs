// The bot in Express, with a JSON body parser for all routes: `keepRawBody` keeps the bytes that the
// signature was made over.
import express from "express";
import { Client, Inbox, Webhook, keepRawBody } from "backchat";

const store = process.env.BACKCHAT_STORE ?? "sqlite:inbox.db";
const inbox = new Inbox(new Client(), new Webhook(), { store });

inbox.onMessage(async (message) => `You said: ${message.text}`);

const app = express();
app.use(express.json({ verify: keepRawBody }));
app.post("/webhooks/prelude", inbox.nodeHandler());
app.post("/echo", (request, response) => response.json(request.body));

const server = app.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
