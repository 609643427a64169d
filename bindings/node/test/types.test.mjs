// The types, as strict as the compiler can be, under both ways of resolving modules.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = join(dirname(fileURLToPath(import.meta.url)), "types");
const require = createRequire(import.meta.url);
const manifest = require.resolve("typescript/package.json");
const tsc = join(dirname(manifest), require(manifest).bin.tsc);

const STRICT = [
  "--noEmit",
  "--strict",
  "--exactOptionalPropertyTypes",
  "--noUncheckedIndexedAccess",
  "--noPropertyAccessFromIndexSignature",
  "--noImplicitOverride",
  "--skipLibCheck",
  "false",
  "--target",
  "es2022",
  "--lib",
  "es2022,esnext.disposable",
  "--types",
  "node",
];

function compile(...options) {
  return promisify(execFile)(process.execPath, [tsc, ...STRICT, ...options], { cwd: folder }).catch(
    ({ stdout }) => assert.fail(stdout),
  );
}

test("node16", () => compile("--module", "node16", "usage.mts", "usage.cts"));

test("bundler", () => compile("--module", "esnext", "--moduleResolution", "bundler", "usage.mts"));
