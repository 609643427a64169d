// The same package from a CommonJS file.
import { Client, Inbox, Webhook, type PreludeEvent } from "backchat";
import { Sandbox } from "backchat/testing";

export async function run(): Promise<PreludeEvent> {
  const sandbox = await Sandbox.start();
  const client: Client = sandbox.client();
  const inbox = new Inbox(client, Webhook.unverified()).onMessage((message) => message.text);
  const { body, headers } = await sandbox.say("+33612345678", "Hi");
  await inbox.receive(body, headers);
  return sandbox.webhook().verify(body, headers);
}
