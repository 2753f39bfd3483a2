import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What the suite tells the client in one scenario. */
export interface ScenarioRun {
  readonly url: string;
  readonly scenario: string;
  /** Revision of the specification. */
  readonly version: string;
  /** What the client knows beforehand. */
  readonly context: Readonly<Record<string, string>>;
}

/** What the suite has seen in one scenario. */
export interface ScenarioResult {
  readonly passed: number;
  /** Checks that failed or warned, with the reason. */
  readonly failed: readonly string[];
  /** The client's error; some scenarios want one. */
  readonly error: string | undefined;
}

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "INFO" | "SKIPPED";
  readonly description?: string;
  readonly errorMessage?: string;
}

const execute = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));

/**
 * Runs suites of `@modelcontextprotocol/conformance` against a client in this process, and returns the results of their
 * `auth/…` scenarios by name.
 */
export async function runSuites(
  suites: readonly string[],
  client: (run: ScenarioRun) => Promise<void>,
): Promise<ReadonlyMap<string, ScenarioResult>> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  const errors = new Map<string, string>();
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const run = JSON.parse(Buffer.concat(chunks).toString()) as ScenarioRun;
      try {
        if (!run.scenario.startsWith("auth/")) throw new Error("This scenario is not about authorization.");
        await client(run);
        response.end();
      } catch (error) {
        errors.set(run.scenario, String(error));
        response.writeHead(500).end(String(error));
      }
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const command = `sh ${join(here, "conformance-forward.sh")} ${port}`;
  const node = await (node22 ??= findNode22());
  const runner = join(
    dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
    "dist/index.js",
  );
  try {
    for (const suite of suites) {
      const options = ["--command", command, "--suite", suite, "--timeout", "300000", "-o", folder];
      // A scenario that fails is reported by name; here only the runner itself must not fail.
      await execute(node, [runner, "client", ...options], { maxBuffer: 64e6 }).catch(() => undefined);
    }
    return await resultsIn(join(folder, "auth"), errors);
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function resultsIn(
  folder: string,
  errors: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, ScenarioResult>> {
  const results = new Map<string, ScenarioResult>();
  for (const name of await readdir(folder)) {
    const scenario = `auth/${name.replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "")}`;
    const checks = JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8")) as readonly Check[];
    results.set(scenario, {
      passed: checks.filter(({ status }) => status === "SUCCESS").length,
      failed: checks
        .filter(({ status }) => status === "FAILURE" || status === "WARNING")
        .map(({ id, errorMessage, description }) => `${id}: ${errorMessage ?? description ?? ""}`),
      error: errors.get(scenario),
    });
  }
  return results;
}

/** The runner needs Node.js 22, which comes from the registry if these tests run on an older one. */
let node22: Promise<string> | undefined;
async function findNode22(): Promise<string> {
  if (Number(process.versions.node.split(".", 1)[0]) >= 22) return process.execPath;
  const { stdout } = await execute("npx", ["--yes", "node@22", "-p", "process.execPath"]);
  return stdout.trim();
}
