// The fault server of `cargo xtask fault-server`, driven through its control port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class FaultServer {
  #process;
  #control;
  #unreachable;

  static async start() {
    const server = new FaultServer();
    server.#process = spawn(process.env.BACKCHAT_XTASK, ["fault-server"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [line] = await once(createInterface(server.#process.stdout), "line");
    const { control, fault } = JSON.parse(line);
    server.#control = control;
    server.url = fault;
    return server;
  }

  // It serves until its input ends.
  async stop() {
    const ended = once(this.#process, "exit");
    this.#process.stdin.end();
    await ended;
  }

  reset() {
    return this.#ask("POST", "/reset");
  }

  script(steps) {
    return this.#ask("POST", "/script", steps);
  }

  setDefault(step) {
    return this.#ask("PUT", "/default", step);
  }

  counts() {
    return this.#ask("GET", "/counts");
  }

  requests() {
    return this.#ask("GET", "/requests");
  }

  tls(kind) {
    return this.#ask("POST", "/tls", { kind });
  }

  async unreachable() {
    this.#unreachable ??= await this.#ask("GET", "/unreachable");
    return this.#unreachable;
  }

  // The whole requests, once there are so many; a late one gets a moment to arrive.
  async received(expected, patience = 1000) {
    const end = Date.now() + patience;
    while ((await this.counts()).posts < expected && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return (await this.requests()).filter((request) => request.complete);
  }

  async #ask(method, path, body) {
    const answer = await fetch(this.#control + path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer.status === 204 ? undefined : answer.json();
  }
}
