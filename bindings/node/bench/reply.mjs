// CPU and memory of many replies through one client: `node reply.mjs <client> <url> <in flight>`.
import { memoryUsage } from "node:process";

const [who, url, inFlight] = process.argv.slice(2);
const WARM_UP = 200;
const REPLIES = 10_000;
const REPLY = {
  to: "+33612345678",
  text: "Thanks for reaching out! We'll look into your request.",
  reply_to: "im_01k8aq2zggeyssvt53zgvpx63a",
};

// Each gives a function that sends one reply.
const CLIENTS = {
  async backchat() {
    const { Client } = await import("backchat");
    const client = new Client({ apiToken: "token", baseUrl: url });
    return () => client.notify.reply(REPLY);
  },
  async official() {
    const { default: Prelude } = await import("@prelude.so/sdk");
    const client = new Prelude({ apiToken: "token", baseURL: url, maxRetries: 0 });
    return () => client.post("/v2/notify/reply", { body: REPLY });
  },
  async undici() {
    const { Pool } = await import("undici");
    const pool = new Pool(url, { connections: Number(inFlight), pipelining: 1 });
    const headers = { "content-type": "application/json", authorization: "Bearer token" };
    return async () => {
      const body = JSON.stringify(REPLY);
      const answer = await pool.request({ path: "/v2/notify/reply", method: "POST", headers, body });
      return answer.body.json();
    };
  },
};

const one = await CLIENTS[who]();

async function send(count) {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const { id } = await one();
      if (!id.startsWith("tx_")) {
        throw new Error(`no reply: ${id}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Number(inFlight) }, worker));
}

await send(WARM_UP);
const before = process.cpuUsage();
await send(REPLIES / 2);
const half = memoryUsage.rss();
await send(REPLIES / 2);
const { user, system } = process.cpuUsage(before);
const figures = { microseconds: (user + system) / REPLIES, rss: memoryUsage.rss(), growth: memoryUsage.rss() - half };
console.log(JSON.stringify(figures));
process.exit();
