// What many tests need.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const FROM = "+33612345678";
export const MESSAGE_ID = "im_01k8aq2zggeyssvt53zgvpx63a";
export const REPLY = { to: FROM, text: "On it!", reply_to: MESSAGE_ID };

// The event of the product description, exactly as it is printed there.
export function seedEvent() {
  return readFileSync(join(process.env.BACKCHAT_VECTORS, "seed-event.json"), "utf8");
}

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// The error of a promise, or of a function.
export async function failure(work) {
  let value;
  try {
    value = await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error(`it succeeded: ${JSON.stringify(value)}`);
}

// Waits until something is so.
export async function until(check, patience = 3000) {
  const end = Date.now() + patience;
  while (!(await check())) {
    if (Date.now() > end) {
      throw new Error(`not within ${patience} ms: ${check}`);
    }
    await sleep(5);
  }
}
