// The quickstart with `require`.
const { createServer } = require("node:http");
const { Client, Inbox, Webhook } = require("backchat");

const store = process.env.BACKCHAT_STORE ?? "sqlite:inbox.db";
const inbox = new Inbox(new Client(), new Webhook(), { store });

inbox.onMessage((message) => `You said: ${message.text}`);

const server = createServer(inbox.nodeHandler());
server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
