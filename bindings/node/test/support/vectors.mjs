// The files of tests/vectors, and the line of their counts.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const FILES = [
  "outgoing",
  "events",
  "signatures",
  "reply_windows",
  "error_bodies",
  "retry_after",
];

export function load(file) {
  return JSON.parse(readFileSync(join(process.env.BACKCHAT_VECTORS, `${file}.json`), "utf8"));
}

// Runs all cases of a file, collects what failed, and fails once with every name.
export async function runAll(file, run) {
  const document = load(file);
  const counts = { api: 0, http: 0 };
  const failures = [];
  for (const one of document.cases) {
    try {
      await run({ ...document.defaults, ...one }, document);
      counts[one.via] += 1;
    } catch (error) {
      failures.push(`${one.name}: ${error.message}`);
    }
  }
  const shown = Object.entries(counts).filter(([, count]) => count > 0);
  const failed = failures.length > 0 ? `, failed ${failures.length}` : "";
  console.log(`vectors: ${file} ${shown.map(([via, count]) => `${via} ${count}`).join(", ")}${failed}`);
  if (failures.length > 0) {
    throw new Error(`${failures.length} failed:\n  ${failures.join("\n  ")}`);
  }
  if (counts.api + counts.http === 0) {
    throw new Error("no case ran");
  }
  return counts;
}
