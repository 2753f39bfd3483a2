// Two processes of an agent with the official client SDK share one sign-in, in one file, at a server of the official server
// SDK whose issuer rotates refresh tokens and revokes a session when one is reused.
// proves: mcp/src/create-mcp-auth-provider.ts
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { createResourceFetch } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { assertBuilt, root } from "../packages/workspace.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";
import { startSdkServer, type SdkServer } from "./sdk-server.js";

const metadataUrl = "https://agent.example/client.json";
const CALLS = 4;
const EXPIRES_AFTER = 4000;
const clock = createTestClock();
let authority: LocalAuthority;
let server: SdkServer;
let directory: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  assertBuilt();
  directory = await mkdtemp(join(tmpdir(), "tessera-sdk-"));
  const described = { client_id: metadataUrl, client_name: "An agent", redirect_uris: ["http://localhost"] };
  authority = await startLocalAuthority({
    http: true,
    clock: () => clock.now(),
    refreshTokenRotation: "strict",
    clientRegistration: { documents: { [metadataUrl]: described } },
  });
  server = await startSdkServer(authority.issuer().replace("/v2.0", "/openid"), () => clock.now());
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await server.close();
  await authority.close();
  await rm(directory, { recursive: true });
});

/** A user without a browser who signs in and agrees. */
async function openBrowser(url: string): Promise<void> {
  const back = await signIn(url, { username: "alice@contoso.example", password: "alice-password" });
  if (new URL(url).searchParams.get("response_mode") !== "form_post") return void (await fetch(back));
  const body = new URLSearchParams(back.search);
  await fetch(`${back.origin}${back.pathname}`, { method: "POST", body });
}

test.each(["fetch", "authProvider"])(
  "an expiry takes one refresh for two processes, and nobody is asked: %s",
  async (way) => {
    const cache = { appName: way, directory, protection: "none" } as const;
    const first = createResourceFetch({
      client: { metadataUrl },
      cache: { cachePlugin: await createPersistentCache(cache) },
      openBrowser,
      system: { clock, proxy: false },
    });
    await (await first(server.url)).body?.cancel();

    const argument = JSON.stringify({ way, cache, serverUrl: server.url, metadataUrl, now: clock.now() });
    const processes = [0, 1].map(() => fork(join(root, "test/mcp/sdk-worker.mjs"), [argument]));
    children.push(...processes);
    await Promise.all(processes.map((child) => once(child, "message")));

    for (let expiry = 0; expiry < 2; expiry += 1) {
      authority.clearRequests();
      clock.advance(EXPIRES_AFTER);
      const told = await Promise.all(
        processes.map(async (child) => {
          const answer = once(child, "message");
          child.send({ at: clock.now(), calls: CALLS });
          return ((await answer) as [unknown])[0];
        }),
      );
      const answers = Array.from({ length: CALLS }, () => [{ type: "text", text: metadataUrl }]);
      expect(told).toEqual(processes.map(() => ({ answers, asked: 0 })));
      const refreshes = authority.requests.filter(({ endpoint }) => endpoint === "token");
      expect(refreshes.map(({ form, status }) => [form["grant_type"], status])).toEqual([
        ["refresh_token", 200],
      ]);
    }
  },
);
