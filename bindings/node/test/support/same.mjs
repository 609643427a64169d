// Comparing what a vector expects with what came.
import { isDeepStrictEqual } from "node:util";

export function same(what, expected, got) {
  if (!isDeepStrictEqual(got, expected)) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
  }
}

// Every field that `expected` names, and the same.
export function includes(expected, got) {
  for (const [name, value] of Object.entries(expected)) {
    same(name, value, got[name] ?? null);
  }
}
