// `npx backchat`.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { Client } from "backchat";

const require = createRequire(import.meta.url);
const { bin, version } = require("backchat/package.json");
const program = require("node:path").join(require.resolve("backchat/package.json"), "..", bin.backchat);

test("it is the same program", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, "--version"]);
  assert.equal(stdout, `backchat ${version}\n`);
});

test("a wrong command ends with 2", async () => {
  const failed = await promisify(execFile)(process.execPath, [program, "no-such-command"]).catch((e) => e);
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /unrecognized subcommand/);
});

test("the sandbox runs until it is interrupted", async () => {
  const child = spawn(process.execPath, [program, "--json", "sandbox", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface(child.stdout), "line");
  const { url, token } = JSON.parse(line);
  const inbound = await fetch(`${url}/sandbox/inbound`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "+33612345678", text: "Hi" }),
  });
  const { payload } = await inbound.json();
  const client = new Client({ baseUrl: url, apiToken: token });
  await client.reply({ from: "+33612345678", message_id: payload.message_id }, "Hello");
  const ended = once(child, "exit");
  child.kill("SIGINT");
  const [code] = await ended;
  assert.equal(code, 0);
});
