// What `npm pack` made: what is in it, how large it is, and what it says where it does not fit.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { version } from "backchat";

const require = createRequire(import.meta.url);
const root = dirname(require.resolve("backchat/package.json"));
const native = require(join(root, "lib/native.js"));
const { BACKCHAT_ARCHIVE, BACKCHAT_SOURCE } = process.env;

test("the package has what it needs and nothing else", () => {
  const listed = execFileSync("tar", ["-tzf", BACKCHAT_ARCHIVE], { encoding: "utf8" });
  const files = listed.trim().split("\n").map((name) => name.replace("package/", ""));
  const expected = ["LICENSE", "README.md", "bin/backchat.js", "package.json"];
  for (const name of ["index", "testing"]) {
    expected.push(`${name}.js`, `${name}.mjs`, `${name}.d.ts`, `${name}.d.mts`);
  }
  const lib = readdirSync(join(BACKCHAT_SOURCE, "lib")).map((name) => `lib/${name}`);
  assert.deepEqual(files.sort(), [...expected, ...lib].sort());
});

test("one version for Rust and JavaScript", () => {
  const cargo = readFileSync(join(BACKCHAT_SOURCE, "../../Cargo.toml"), "utf8");
  assert.equal(version, /\[workspace\.package\]\nversion = "([^"]+)"/.exec(cargo)[1]);
});

test("a platform without a native half is told which there are", () => {
  assert.throws(() => native.load("sunos", "x64"), /no native part for sunos-x64\. There is one for: darwin-arm64/);
});

test("a missing native half is named", () => {
  const elsewhere = process.platform === "win32" ? ["linux", "x64"] : ["win32", "arm64"];
  assert.throws(() => native.load(...elsewhere), (error) => {
    const expected = elsewhere[0] === "linux" ? "backchat-linux-x64" : "backchat-win32-arm64-msvc";
    assert.match(error.message, new RegExp(`it expects the package ${expected}.*--omit=optional`));
    assert.ok(error.cause.length > 0);
    return true;
  });
});

test("the loader knows the packages that are published", () => {
  const published = readdirSync(join(BACKCHAT_SOURCE, "npm")).sort();
  const source = readFileSync(join(root, "lib/native.js"), "utf8");
  const table = source.slice(source.indexOf("PACKAGES = {"), source.indexOf("};"));
  const known = [...table.matchAll(/"([a-z0-9]+(?:-[a-z0-9]+)+)"(?!:)/g)].map(([, name]) => name);
  assert.deepEqual(known.sort(), published);
});

test("nothing is started by an import", () => {
  const script = "require('backchat'); console.log(process._getActiveHandles().length)";
  const output = execFileSync(process.execPath, ["-e", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  assert.ok(Number(output) <= 2, output);
});
