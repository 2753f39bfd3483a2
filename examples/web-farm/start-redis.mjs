// @ts-check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** Starts a Redis that lives as long as this program and stores nothing on disk. */
export async function startRedis() {
  const port = await freePort();
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
  const failed = once(server, "error").then(() => {
    console.error("redis-server is not installed: install it, or set REDIS_URL to a Redis that runs");
    process.exit(1);
  });
  let log = "";
  while (!log.includes("Ready to accept connections")) {
    const [text] = await Promise.race([once(server.stdout, "data"), failed]);
    log += String(text);
  }
  server.stdout.resume();
  process.once("exit", () => server.kill());
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      server.kill();
      await once(server, "exit");
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? address?.port : 0;
}
