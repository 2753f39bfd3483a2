// What is wrong is found, and nothing that is printed is a secret: it is made for a support ticket.
// proves: cli/src/commands/doctor.ts, cli/src/doctor/system.ts, cli/src/doctor/provider.ts, cli/src/doctor/request-sample.ts
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startStage, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

test("a profile that works is described: configuration, store, discovery, clock, certificate, what would be sent", async () => {
  const home = stage.home();
  await stage.signedIn(home);
  const { code, stdout, stderr } = await home.run(["doctor"]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const line of [
    /^ok versions: tessera \d+\.\d+\.\d+, Node\.js v/m,
    /^-- TESSERA_STORE: file$/m,
    /^-- terminal: there is none: a sign-in is not asked for/m,
    /^(ok|--) keychain: /m,
    /^profile default$/m,
    /^ok configuration: https:\/\/localhost:\d+\/.*, client .*, store file, user$/m,
    /^ok store: opens; 1 signed in$/m,
    /^ok discovery: https:\/\/.*; browser, device code/m,
    /^ok clock: agrees with the provider's$/m,
    /^ok certificate: issued by .*, good until /m,
    /^ok a renewal would send: POST https:\/\/localhost:\d+\/\S+\/token\S* with .*grant_type=refresh_token.*refresh_token=…/m,
  ])
    expect(stdout).toMatch(line);
});

test("every secret of the run is searched for, and none is there", async () => {
  const home = stage.home();
  await stage.signedIn(home);
  const env = {
    HTTPS_PROXY: "http://alice:proxy-password@127.0.0.1:9",
    NO_PROXY: "localhost",
    AZURE_CLIENT_SECRET: "a-client-secret",
    TESSERA_PASSPHRASE_FILE: join(home.folder, "none"),
    ORDERS_SECRET: stage.daemon.clientSecret,
  };
  const machine = [
    "--client-id",
    stage.daemon.clientId,
    "--authority",
    stage.authority.authorityUrl(),
    "--ca",
    stage.ca,
  ];
  const scope = ["--scope", "https://graph.microsoft.com/.default"];
  await home.run(["login", "-p", "daemon", ...machine, ...scope, "--client-secret-env", "ORDERS_SECRET"], {
    env,
  });
  const { stdout, stderr } = await home.run(["doctor", "--verbose"], { env });
  const said = stdout + stderr;
  expect(said).toContain("HTTPS_PROXY: http://127.0.0.1:9 (with a login)");
  expect(said).toContain("AZURE_CLIENT_SECRET: (set)");
  const secrets = secretsIn(home.profiles);
  expect(secrets.length).toBeGreaterThan(2);
  for (const secret of [
    ...secrets,
    "proxy-password",
    "alice",
    "a-client-secret",
    stage.daemon.clientSecret ?? "",
    stage.user.password,
  ])
    expect(said).not.toContain(secret);
});

test("what is wrong is marked, and makes exit code 1", async () => {
  const home = stage.home();
  await stage.signedIn(home);
  const args = [
    "login",
    "-p",
    "gone",
    "--issuer",
    "https://localhost:9",
    "--client-id",
    "a",
    "--client-secret-env",
    "PATH",
  ];
  expect((await home.run([...args, "--scope", "a"])).code).toBe(1);
  const nobody = await home.run(["doctor", "-p", "nobody"]);
  expect(nobody).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('!! profile: "nobody" does not exist'),
    stderr: expect.stringContaining("1 problem was found"),
  });
  const wrong = await home.run(["doctor"], {
    env: { NODE_EXTRA_CA_CERTS: "/no/file", HTTP_PROXY: "http://[" },
  });
  expect(wrong.code).toBe(1);
  expect(wrong.stdout).toContain("!! certificates: /no/file cannot be read (ENOENT)");
  expect(wrong.stdout).toContain("!! HTTP_PROXY: its value is not a URL");
});

/** Every long value in the caches of a folder of profiles that is named as a secret. */
function secretsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("token-cache.json"))
    .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/"secret":"([^"]{20,})"/g)])
    .map(([, secret = ""]) => secret);
}
