// Wall time of processes that only import, beyond a bare Node, in milliseconds: the best of many.
import { execFileSync } from "node:child_process";

const TIMES = 25;

function best(source) {
  let shortest = Infinity;
  for (let i = 0; i < TIMES; i += 1) {
    const started = performance.now();
    execFileSync(process.execPath, ["--input-type=module", "-e", source], { cwd: import.meta.dirname });
    shortest = Math.min(shortest, performance.now() - started);
  }
  return shortest;
}

const bare = best("");
const beyond = (name) => best(`import ${JSON.stringify(name)};`) - bare;
console.log(JSON.stringify({ bare, backchat: beyond("backchat"), official: beyond("@prelude.so/sdk") }));
