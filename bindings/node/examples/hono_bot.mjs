// The bot in Hono, with a middleware that reads every JSON body: Hono keeps the bytes.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { Client, Inbox, Webhook } from "backchat";

const store = process.env.BACKCHAT_STORE ?? "sqlite:inbox.db";
const inbox = new Inbox(new Client(), new Webhook(), { store });

inbox.onMessage(async (message) => `You said: ${message.text}`);

const app = new Hono();
app.use(async (c, next) => {
  c.set("json", await c.req.json());
  await next();
});
// Where nothing reads the body before: `(c) => inbox.fetch(c.req.raw)`.
app.post("/webhooks/prelude", async (c) => {
  const receipt = await inbox.receive(await c.req.arrayBuffer(), c.req.raw.headers);
  return c.body(receipt.body, receipt.status, receipt.headers);
});
app.post("/echo", (c) => c.json(c.get("json")));

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT ?? 8000) }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});
