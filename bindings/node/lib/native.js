// Finds the native half: a package of its own for each platform, which npm picks by `os`, `cpu` and
// `libc`; or the build in this repository.
"use strict";

const PACKAGES = {
  "darwin-arm64": ["darwin-arm64"],
  "darwin-x64": ["darwin-x64"],
  "linux-arm64": ["linux-arm64-gnu", "linux-arm64-musl"],
  "linux-x64": ["linux-x64-gnu", "linux-x64-musl"],
  "win32-arm64": ["win32-arm64-msvc"],
  "win32-x64": ["win32-x64-msvc"],
};

function load(platform = process.platform, arch = process.arch) {
  const failures = [];
  for (const name of PACKAGES[`${platform}-${arch}`] ?? []) {
    for (const path of [`backchat-${name}`, `../build/backchat.${name}.node`]) {
      try {
        return require(path);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  throw new Error(explanation(platform, arch), { cause: failures });
}

function explanation(platform, arch) {
  const here = platform === "linux" ? `${platform}-${arch}, ${libc()}` : `${platform}-${arch}`;
  const names = PACKAGES[`${platform}-${arch}`];
  if (names === undefined) {
    const known = Object.values(PACKAGES).flat().join(", ");
    return `backchat has no native part for ${here}. There is one for: ${known}.`;
  }
  const musl = platform === "linux" && libc() === "musl";
  const name = names.find((name) => name.endsWith("musl") === musl);
  return (
    `backchat cannot load its native part for ${here}: it expects the package backchat-${name}, an ` +
    "optional dependency. Install without `--omit=optional`, and on the machine (or in the image) " +
    "where it runs: node_modules of another platform does not fit."
  );
}

// Only asked for the explanation: the report takes milliseconds.
function libc() {
  const { header, sharedObjects = [] } = process.report?.getReport() ?? { header: {} };
  if (header.glibcVersionRuntime) {
    return `glibc ${header.glibcVersionRuntime}`;
  }
  return sharedObjects.some((path) => path.includes("musl")) ? "musl" : "an unknown libc";
}

let half;

// Loaded when it is first used: an import of this package costs a process little.
function native() {
  half ??= load();
  return half;
}

module.exports = native;
module.exports.load = load;
