// Every example runs against the sandbox: a signed webhook over HTTP, twice, and one answer.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Sandbox } from "backchat/testing";
import { FROM, until } from "./support/data.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../examples");
const scratch = mkdtempSync(join(tmpdir(), "backchat-examples-"));
const BOTS = ["quickstart.mjs", "quickstart.cjs", "express_bot.mjs", "fastify_bot.mjs", "hono_bot.mjs", "queue_bot.mjs"];

let sandbox;
before(async () => {
  sandbox = await Sandbox.start();
});
after(async () => {
  await sandbox.stop();
  rmSync(scratch, { recursive: true });
});
beforeEach(() => sandbox.reset());

function run(name, ...words) {
  return spawn(process.execPath, [join(folder, name), ...words], {
    cwd: scratch,
    env: {
      ...process.env,
      PORT: "0",
      BACKCHAT_STORE: `sqlite:${name}.db`,
      PRELUDE_BASE_URL: sandbox.url,
      PRELUDE_API_TOKEN: sandbox.token,
      PRELUDE_WEBHOOK_PUBLIC_KEY: sandbox.publicKey,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

for (const name of BOTS) {
  test(name, async () => {
    const bot = run(name);
    const [line] = await once(createInterface(bot.stdout), "line");
    const url = /^listening on (http:\S+)$/.exec(line)[1];
    if (name.includes("_bot") && name !== "queue_bot.mjs") {
      await otherRoutesHaveTheirJson(url);
    }
    const { id } = await sandbox.say(FROM, "Grüße", { to: `${url}/webhooks/prelude` });
    await sandbox.redeliver(id);
    await until(() => sandbox.messages.length === 1);
    assert.deepEqual(sandbox.deliveries.map(({ status }) => status), [200, 200]);
    assert.deepEqual(sandbox.messages.map(({ text }) => text), ["You said: Grüße"]);
    const ended = once(bot, "exit");
    bot.kill("SIGTERM");
    await ended;
  });
}

// The parser for all routes is there, and works.
async function otherRoutesHaveTheirJson(url) {
  const echoed = await fetch(`${url}/echo`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ parsed: true }),
  });
  assert.deepEqual(await echoed.json(), { parsed: true });
}

test("client_only.mjs", async () => {
  const { message_id } = await sandbox.say(FROM, "Hi");
  const says = async () => {
    const [line] = await once(createInterface(run("client_only.mjs", FROM, message_id).stdout), "line");
    return line;
  };
  assert.match(await says(), /^sent as tx_/);
  sandbox.failNext({ kind: "reset", after: "request" });
  assert.match(await says(), /^do not send it again: .* im_/);
  sandbox.account({ balance: 0 });
  assert.match(await says(), /^insufficient_balance \(rejected\): top up/);
  await sandbox.advance({ hours: 25 });
  sandbox.account({ balance: 1 });
  assert.match(await says(), /^too late/);
});

test("my_bot.test.mjs", async () => {
  const bot = spawn(process.execPath, ["--test", join(folder, "my_bot.test.mjs")], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output = (await bot.stdout.setEncoding("utf8").toArray()).join("");
  assert.match(output, /pass 4\n/);
  assert.match(output, /fail 0\n/);
});

test("no example is left out", () => {
  const run = [...BOTS, "client_only.mjs", "my_bot.test.mjs"];
  assert.deepEqual(readdirSync(folder).sort(), run.sort());
});
