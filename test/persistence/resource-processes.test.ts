// Many processes of an agent share one sign-in at a resource whose issuer rotates refresh tokens and revokes reused ones.
// proves: node/src/resource/kept-documents.ts, node/src/resource/resources.ts
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { createResourceFetch } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { assertBuilt, root } from "../packages/workspace.js";
import { ACCESS_TOKEN_LIFETIME, startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { startResource, type TestResource } from "../support/protected-resource.js";
import { interactiveUserOf } from "../support/resource-user.js";
import { full } from "./load.js";

if (full) jest.setTimeout(600_000);

const PROCESSES = full ? 12 : 3;
const CALLERS = full ? 20 : 5;
const EXPIRIES = full ? 10 : 2;

let provider: OpenIdProvider;
let resource: TestResource;
let directory: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  assertBuilt();
  directory = await mkdtemp(join(tmpdir(), "tessera-resource-"));
  provider = await startOpenIdProvider({
    configure: (own) => ({
      ...own,
      features: {
        ...own.features,
        registration: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, indicator) => ({
            scope: "reports:read",
            audience: indicator,
            accessTokenFormat: "jwt",
          }),
          useGrantedResource: () => true,
        },
      },
    }),
  });
  resource = await startResource(provider.url);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await resource.close();
  await provider.close();
  await rm(directory, { recursive: true });
});

const cache = () => ({
  appName: "agent",
  directory,
  // A key from a passphrase takes each process half a second of work.
  protection: "none" as const,
});
const user = interactiveUserOf();
const agent = async (at?: number) =>
  createResourceFetch({
    client: { name: "Agent" },
    cache: { cachePlugin: await createPersistentCache(cache()) },
    openBrowser: user.openBrowser,
    system: { proxy: false, ...(at === undefined ? {} : { clock: { now: () => at } }) },
  });

async function start(): Promise<ChildProcess> {
  const argument = JSON.stringify({ cache: cache(), url: resource.url });
  const child = fork(join(root, "test/persistence/resource-worker.mjs"), [argument]);
  children.push(child);
  await once(child, "message");
  return child;
}

async function call(child: ChildProcess, at: number): Promise<{ outcomes: unknown[]; asked: number }> {
  const answer = once(child, "message");
  child.send({ at, calls: CALLERS });
  const [told] = (await answer) as [{ outcomes: unknown[]; asked: number }];
  return told;
}

test("each expiry takes one refresh for all callers and processes; none is refused, and nobody is asked", async () => {
  expect((await (await agent())(resource.url)).status).toBe(200);
  const processes = await Promise.all(Array.from({ length: PROCESSES }, start));
  let at = Date.now();
  for (let expiry = 0; expiry < EXPIRIES; expiry += 1) {
    provider.clearRequests();
    at += ACCESS_TOKEN_LIFETIME * 1000;
    const told = await Promise.all(processes.map((child) => call(child, at)));
    expect(told.flatMap(({ outcomes }) => outcomes)).toEqual(
      Array.from({ length: PROCESSES * CALLERS }, () => 200),
    );
    expect(told.map(({ asked }) => asked)).toEqual(processes.map(() => 0));
    const refreshes = provider.tokenRequests();
    expect(refreshes.map(({ form, status }) => [form["grant_type"], status])).toEqual([
      ["refresh_token", 200],
    ]);
  }
  expect(provider.requests.map(({ path }) => path)).toEqual(["/token"]);
  expect(user.visits).toHaveLength(1);
});

test("a process that is killed after the rotation and before its write costs one sign-in at most, and nobody waits", async () => {
  const child = await start();
  const ended = once(child, "exit");
  const before = user.visits.length;
  // The provider has answered, and the process ends before it reads the answer.
  const { push } = provider.requests as unknown as { push: (...items: unknown[]) => number };
  Object.assign(provider.requests, {
    push(this: unknown[], ...items: { readonly path: string }[]) {
      if (items.some(({ path }) => path === "/token")) child.kill("SIGKILL");
      return push.apply(this, items);
    },
  });
  const at = Date.now() + ACCESS_TOKEN_LIFETIME * (EXPIRIES + 2) * 1000;
  child.send({ at, calls: CALLERS });
  await ended;
  Reflect.deleteProperty(provider.requests, "push");
  const fetch = await agent(at);
  const responses = await Promise.all(Array.from({ length: CALLERS }, () => fetch(resource.url)));
  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: CALLERS }, () => 200));
  expect(user.visits.length - before).toBeLessThanOrEqual(1);
});
