// The website of examples/next-app in the server of Next.js, in a process of its own, and a real browser.
// proves: web/src/sign-in/create-web-sign-in.ts, web/src/guard/create-api-guard.ts
import { execFile, fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll } from "@jest/globals";
import { environmentOf } from "../../examples/next-app/environment.mjs";
import { assertBuilt, root } from "../packages/workspace.js";
import { hasChromium } from "../support/chromium.js";
import { describeWebsites, type StartWebsite, type WebsiteConfiguration } from "../support/web-scenarios.js";

const cwd = join(root, "examples/next-app");
const next = createRequire(join(cwd, "package.json")).resolve("next/dist/bin/next");
const clock = pathToFileURL(join(root, "test/support/moved-clock.mjs")).href;

beforeAll(async () => {
  assertBuilt();
  const env = { ...process.env, NODE_OPTIONS: "", NEXT_TELEMETRY_DISABLED: "1" };
  if (hasChromium) await promisify(execFile)(process.execPath, [next, "build"], { cwd, env });
});

/** Kept in its cookies, sessions outlive the process; tokens do not. */
const inNext: StartWebsite = async ({ entra, downstream }, configuration) => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  let server: ChildProcess | undefined;

  async function start({ secrets, responseMode }: WebsiteConfiguration): Promise<void> {
    const given = { baseUrl: origin, downstream, secrets, responseMode };
    const started = fork(next, ["start", "--hostname", "localhost", "--port", `${port}`], {
      cwd,
      env: { ...process.env, NODE_OPTIONS: "", ...environmentOf(entra.authority, given) },
      execArgv: ["--import", clock],
      silent: true,
    });
    server = started;
    let said = "";
    const ready = new Promise<void>((resolve, reject) => {
      const read = (text: string): void => {
        said += text;
        if (said.includes("Ready in")) resolve();
      };
      started.stdout?.setEncoding("utf8").on("data", read);
      started.stderr?.setEncoding("utf8").on("data", read);
      started.once("exit", () => {
        reject(new Error(said));
      });
    });
    await Promise.all([ready, tell(started, entra.clock.now())]);
  }
  async function stop(): Promise<void> {
    if (!server) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  }

  await start(configuration);
  return {
    origin,
    async restart(changed) {
      await stop();
      await start(changed);
    },
    async clockMoved(now) {
      if (server) await tell(server, now);
    },
    close: stop,
  };
};

async function tell(server: ChildProcess, now: number): Promise<void> {
  const heard = once(server, "message");
  server.send(now);
  await heard;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describeWebsites({ "Next.js 16": inNext });
