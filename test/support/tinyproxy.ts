import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A real HTTP proxy, the Debian package `tinyproxy`. */
export interface Tinyproxy {
  /** Without user name and password. */
  readonly url: string;
  /** The hosts with ports that it was asked to connect to until now, oldest first. */
  tunnels(): Promise<readonly string[]>;
  clear(): void;
  close(): Promise<void>;
}

export function hasTinyproxy(): boolean {
  return spawnSync("tinyproxy", ["-v"]).status === 0;
}

/** @param user name and password it asks for; none by default */
export async function startTinyproxy(user?: {
  readonly name: string;
  readonly password: string;
}): Promise<Tinyproxy> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "tinyproxy-"));
  const file = join(folder, "tinyproxy.conf");
  const credentials = user ? [`BasicAuth ${user.name} ${user.password}`] : [];
  const settings = [`Port ${port}`, "Listen 127.0.0.1", "Timeout 60", "LogLevel Info", "MaxClients 20"];
  await writeFile(file, [...settings, ...credentials, ""].join("\n"));

  const proxy = spawn("tinyproxy", ["-d", "-c", file], { stdio: ["ignore", "pipe", "inherit"] });
  let tunnels: string[] = [];
  let markers = 0;
  const lines = createInterface(proxy.stdout);
  lines.on("line", (line) => {
    const target = /Request .*: CONNECT (\S+) /.exec(line)?.[1];
    if (target) tunnels.push(target);
  });
  await new Promise<void>((resolve, reject) => {
    lines.on("line", (line) => {
      if (line.includes("Accepting connections")) resolve();
    });
    proxy.once("error", reject);
    proxy.once("exit", (code) => {
      reject(new Error(`tinyproxy ended with ${String(code)}`));
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    tunnels: async () => {
      // Its log is a pipe: what it has been asked until now is there when this one is.
      const marker = `127.9.9.${(markers += 1)}:1`;
      const socket = connect(port, "127.0.0.1", () => socket.write(`CONNECT ${marker} HTTP/1.0\r\n\r\n`));
      while (!tunnels.includes(marker)) await once(lines, "line");
      socket.destroy();
      return tunnels.filter((target) => !target.startsWith("127.9.9."));
    },
    clear: () => {
      tunnels = [];
    },
    close: async () => {
      const ended = once(proxy, "exit");
      proxy.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
