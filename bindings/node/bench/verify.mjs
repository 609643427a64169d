// Verifying and parsing the seed's event, against `node:crypto` and `JSON.parse` by hand.
import { constants, createPublicKey, verify } from "node:crypto";
import { Sandbox } from "backchat/testing";

const ROUNDS = 10;
const TIMES = 2000;

const sandbox = await Sandbox.start();
const { body: text, headers } = await sandbox.say("+33612345678", "Hi, I have a question about my order");
const body = Buffer.from(text);
const webhook = sandbox.webhook();
const key = createPublicKey(sandbox.publicKey);
const name = "x-webhook-signature";
// As a web server has them.
const request = {
  host: "bot.example",
  "user-agent": "Prelude",
  "content-length": String(body.length),
  accept: "*/*",
  ...headers,
};

function byHand() {
  const signature = Buffer.from(request[name].slice("rsassa-pss-sha256=".length), "base64url");
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  if (!verify("sha256", body, options, signature)) {
    throw new Error("the signature is bad");
  }
  return JSON.parse(body);
}

function best(work) {
  let shortest = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    for (let i = 0; i < TIMES; i += 1) {
      work();
    }
    shortest = Math.min(shortest, ((performance.now() - started) * 1e3) / TIMES);
  }
  return shortest;
}

console.log(JSON.stringify({ backchat: best(() => webhook.verify(body, request)), byHand: best(byHand) }));
await sandbox.stop();
