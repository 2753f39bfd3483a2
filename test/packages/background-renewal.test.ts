// A renewal in the background that hangs does not keep a program alive, and one that has sent a refresh token is not lost with the
// program. In a process of its own, from the build.
// proves: node/src/http/unreferenced.ts, core/src/flight/background.ts
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  clientId,
  clientSecret,
  code,
  codeVerifier,
  nonce,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { root } from "./workspace.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

const program = `
  import { ConfidentialClientApplication } from "@tessera/node";
  let now = Date.now();
  const app = new ConfidentialClientApplication({
    auth: { clientId: process.env.CLIENT_ID, clientSecret: process.env.CLIENT_SECRET, oidcAuthority: process.env.ISSUER },
    system: { proxy: false, clock: { now: () => now }, onBackgroundRenewal: () => console.log("the renewal has ended") },
  });
  const ask = () => app.acquireTokenByClientCredential({ scopes: ["api:read"] });
  await ask();
  now += 3_000_000;
  const { fromCache } = await ask();
  // The renewal has been sent before the program ends.
  while (!(await (await fetch(process.env.ISSUER + "/userinfo")).json()).hangs);
  console.log(process.env.JOINS ? (await app.acquireTokenByClientCredential({ scopes: ["api:read"], skipCache: true })).accessToken : fromCache);
`;

test.each(["", "yes"])(
  "a program ends although a renewal hangs; a caller is waited for: %s",
  async (joins) => {
    provider.reset();
    let hangs = false;
    provider.answers.token = async (request) => {
      if (provider.count("token") === 2) {
        hangs = true;
        await request.ended;
      }
      return { body: provider.tokens({ access_token: `token ${provider.count("token")}` }) };
    };
    provider.answers.userinfo = () => ({ body: { hangs } });
    const env = { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, ISSUER: provider.url, JOINS: joins };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
      cwd: join(root, "packages/node"),
      env: { PATH: process.env["PATH"], ...env },
    });
    // A process that waits for the renewal hears of its end.
    expect(stdout.trim().split("\n")).toEqual([joins ? "token 3" : "true"]);
  },
);

/** The second request of the token endpoint finds another host, which takes the connection and says nothing. */
const connecting = `
  import { ConfidentialClientApplication } from "@tessera/node";
  let now = Date.now();
  const app = new ConfidentialClientApplication({
    auth: { clientId: process.env.CLIENT_ID, clientSecret: process.env.CLIENT_SECRET, oidcAuthority: process.env.ISSUER },
    system: { proxy: false, clock: { now: () => now }, onBackgroundRenewal: () => console.log("the renewal has ended") },
  });
  const ask = () => app.acquireTokenByClientCredential({ scopes: ["api:read"] });
  await ask();
  // The document is a day old with the next call, and then names the silent host.
  now += 86_401_000;
  const { fromCache } = await ask();
  while (!(await (await fetch(process.env.ISSUER + "/userinfo")).json()).isConnected);
  console.log(fromCache);
`;

test("a program ends although the connection for a renewal is never made", async () => {
  provider.reset();
  const open: Socket[] = [];
  const silent = createServer((socket) => void open.push(socket));
  silent.listen(0, "localhost");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  provider.answers.token = () => ({ body: provider.tokens({ expires_in: 100_000, refresh_in: 3600 }) });
  provider.answers.discovery = () => ({
    body: provider.metadata(
      provider.count("discovery") === 1 ? {} : { token_endpoint: `https://localhost:${port}/token` },
    ),
  });
  provider.answers.userinfo = () => ({ body: { isConnected: open.length > 0 } });
  const env = { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, ISSUER: provider.url };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", connecting], {
    cwd: join(root, "packages/node"),
    env: { PATH: process.env["PATH"], ...env },
  });
  expect(stdout.trim()).toBe("true");
  for (const socket of open) socket.destroy();
  silent.close();
});

/** Keeps its tokens in a file, which the next process reads. */
const kept = `
  import { PublicClientApplication } from "@tessera/node";
  import { createPersistentCache } from "@tessera/persistence";
  const { FOLDER: directory, LATER, CLIENT_ID: clientId, ISSUER: oidcAuthority, DOES, CODE } = process.env;
  const cachePlugin = await createPersistentCache({ appName: "renewing", directory, protection: "none" });
  const clock = { now: () => Date.now() + Number(LATER) };
  const app = new PublicClientApplication({ auth: { clientId, oidcAuthority }, cache: { cachePlugin }, system: { proxy: false, clock } });
  const scopes = ["openid", "api:read"];
  const silently = async (more) => app.acquireTokenSilent({ account: (await app.getAllAccounts())[0], scopes, ...more });
  const signIn = () => app.acquireTokenByCode({ scopes, redirectUri: "http://localhost/signed-in", ...JSON.parse(CODE) });
  const result = DOES === "sign in" ? await signIn() : await silently({ forceRefresh: DOES === "insist" });
  // The renewal has been sent before the program ends.
  while (DOES.startsWith("end") && !(await (await fetch(oidcAuthority + "/userinfo")).json()).isSent);
  console.log(result.accessToken);
  if (DOES === "end at once") {
    await app.close();
    process.exit();
  }
`;

test.each(["end", "end at once"])(
  "a program that ends (%s) saves the refresh token with which the server replaces the one that was sent",
  async (does) => {
    provider.reset();
    const folder = mkdtempSync(join(tmpdir(), "renewing-"));
    let isSent = false;
    let hasEnded = (): void => undefined;
    const end = new Promise<void>((resolve) => (hasEnded = resolve));
    const sent: (string | undefined)[] = [];
    provider.answers.token = async ({ form }) => {
      sent.push(form["refresh_token"]);
      const number = sent.length;
      isSent = number > 1;
      if (number === 2) await end;
      const token = { access_token: `token ${number}`, refresh_token: `refresh token ${number}` };
      return { body: provider.tokens({ ...token, refresh_in: 1800 }) };
    };
    provider.answers.userinfo = () => ({ body: { isSent } });
    const run = async (DOES: string, LATER: number): Promise<string> => {
      const CODE = JSON.stringify({ code, codeVerifier, nonce });
      const env = {
        FOLDER: folder,
        CLIENT_ID: clientId,
        ISSUER: provider.url,
        CODE,
        DOES,
        LATER: String(LATER),
      };
      const child = execFile(process.execPath, ["--input-type=module", "-e", kept], {
        cwd: join(root, "packages/node"),
        env: { PATH: process.env["PATH"], ...env },
      });
      let printed = "";
      child.stdout?.on("data", (text: string) => {
        printed += text;
        // The program has done what it was for, and the server has not answered yet.
        if (isSent) hasEnded();
      });
      await once(child, "close");
      return printed.trim();
    };
    expect(await run("sign in", 0)).toBe("token 1");
    expect(await run(does, 2_000_000)).toBe("token 1");
    expect(await run("insist", 2_000_000)).toBe("token 3");
    expect(sent).toEqual([undefined, "refresh token 1", "refresh token 2"]);
    rmSync(folder, { recursive: true });
  },
);
