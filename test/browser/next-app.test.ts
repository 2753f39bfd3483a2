// The website of examples/next-app in the server of Next.js, in a process of its own, and a real browser.
// proves: web/src/sign-in/create-web-sign-in.ts, web/src/guard/create-api-guard.ts
import { execFile, fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "@jest/globals";
import { environmentOf } from "../../examples/next-app/environment.mjs";
import { contentKey } from "../packages/content-key.js";
import { assertBuilt, root } from "../packages/workspace.js";
import { hasChromium } from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";
import { describeWebsites, type StartWebsite, type WebsiteConfiguration } from "../support/web-scenarios.js";

const cwd = join(root, "examples/next-app");
const next = createRequire(join(cwd, "package.json")).resolve("next/dist/bin/next");
const sources = [
  ...["app", "package.json", "next.config.mjs", "proxy.js", "site.mjs"].map(
    (name) => `examples/next-app/${name}`,
  ),
  ...["core", "node", "persistence", "web"].map((name) => `packages/${name}/dist`),
];
const clock = pathToFileURL(join(root, "test/support/moved-clock.mjs")).href;

beforeAll(async () => {
  assertBuilt();
  if (!hasChromium) return;
  // Next.js takes half a minute of processor time to build, and empties the folder first: what is left there is whole.
  const built = join(cwd, "dist/built-from.txt");
  const key = contentKey([...sources, "pnpm-lock.yaml"]);
  if (existsSync(built) && readFileSync(built, "utf8") === key) return;
  const env = { ...process.env, NODE_OPTIONS: "", NEXT_TELEMETRY_DISABLED: "1" };
  // Every page is made when it is asked for: there is nothing to generate.
  const compile = ["build", "--experimental-build-mode", "compile"];
  await promisify(execFile)(process.execPath, [next, ...compile], { cwd, env });
  writeFileSync(built, key);
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
    await Promise.all([isReady(started), tell(started, entra.clock.now())]);
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

/** Waits until Next.js says that it is ready. Returns what the program has said. */
async function isReady(program: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    const read = (text: string): void => {
      said += text;
      if (said.includes("Ready in")) resolve(said);
    };
    program.stdout?.setEncoding("utf8").on("data", read);
    program.stderr?.setEncoding("utf8").on("data", read);
    program.once("exit", () => {
      reject(new Error(said));
    });
  });
}

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

describeWith("Chromium", hasChromium, () => {
  test("the example's program starts the site with an authority of its own, and ends both", async () => {
    const port = await freePort();
    const program = spawn(process.execPath, [join(cwd, "next-app.mjs"), "--built"], {
      env: { ...process.env, NODE_OPTIONS: "", PORT: `${port}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(program, "exit");
    expect(await isReady(program)).toContain(
      `open http://localhost:${port} and sign in as alice@contoso.example`,
    );
    expect(await (await fetch(`http://localhost:${port}/`)).text()).toContain("nobody");
    program.kill();
    expect(await ended).toEqual([0, null]);
  });
});
