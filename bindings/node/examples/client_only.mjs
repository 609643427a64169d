// Only the client, and what to do with each error.
import { Client, MaybeSentError, RateLimitError, WindowExpiredError, isBackchatError } from "backchat";

const [to, reply_to] = process.argv.slice(2);
const client = new Client();
try {
  const response = await client.notify.reply({ to, text: "Thanks for reaching out!", reply_to });
  console.log(`sent as ${response.id}`);
} catch (error) {
  if (error instanceof WindowExpiredError) {
    console.log("too late for free text: send a template");
  } else if (error instanceof RateLimitError) {
    console.log(`wait ${error.retryAfter ?? 1000} ms, then call again`);
  } else if (error instanceof MaybeSentError) {
    console.log(`do not send it again: a delivery event with ${error.correlationId} may tell`);
  } else if (isBackchatError(error)) {
    console.log(`${error.code} (${error.outcome}): ${error.advice}`);
  } else {
    throw error;
  }
}
await client.close();
