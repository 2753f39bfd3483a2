// For coding agents: the texts that are made of the guides, and ten small tasks that were solved with nothing but them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { PublicClientApplication } from "@tessera/node";
import { decodeJwt } from "jose";
import { llmsFiles } from "../../scripts/llms.mjs";
import { pages, sections } from "../../scripts/pages.mjs";
import { makeCertificate } from "../support/certificates.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { signIn } from "../support/sign-in.js";
import { assertBuilt, root } from "../packages/workspace.js";

const folder = mkdtempSync(join(tmpdir(), "tessera-tasks-"));
const tasks = join(root, "test/examples/agent-tasks");
const alice = { username: "alice@contoso.example", password: "alice-password" };
const certificate = makeCertificate({ subject: "daemon" });
const web = { clientId: "11111111-0000-4000-8000-000000000001", clientSecret: "web-secret" };
const daemon = { clientId: "11111111-0000-4000-8000-000000000002", clientSecret: "daemon-secret" };

let authority: LocalAuthority;
let provider: OpenIdProvider;
beforeAll(async () => {
  assertBuilt();
  [authority, provider] = await Promise.all([
    startLocalAuthority({
      http: true,
      tenants: [
        {
          domain: "contoso.example",
          apps: [
            { ...web, identifierUri: "api://web", redirectUris: ["http://localhost/callback"] },
            { ...daemon, certificates: [certificate.certificatePem] },
          ],
          users: [alice],
        },
      ],
    }),
    startOpenIdProvider({ pollSeconds: 1 }),
  ]);
  writeFileSync(join(folder, "key.pem"), certificate.privateKeyPem);
  writeFileSync(join(folder, "certificate.pem"), certificate.certificatePem);
});
afterAll(async () => {
  await Promise.all([authority.close(), provider.close()]);
  rmSync(folder, { recursive: true });
});

type Environment = Readonly<Record<string, string>>;

/** Runs a task's program. `talk` is called with each line that it prints, and may answer on its standard input. */
async function run(
  task: string,
  environment: Environment,
  talk: (line: string) => Promise<string | undefined> | undefined = () => undefined,
): Promise<string> {
  const program = spawn(process.execPath, [join(tasks, task)], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", NO_PROXY: "localhost,127.0.0.1", HOME: folder, ...environment },
  });
  let printed = "";
  let errors = "";
  program.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  program.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    talk(text)?.then(
      (answer) => answer !== undefined && program.stdin.write(`${answer}\n`),
      (error: unknown) => {
        errors += String(error);
        program.kill();
      },
    );
  });
  const [code] = (await once(program, "close")) as [number];
  if (code !== 0) throw new Error(`${task} ended with ${code}: ${errors}`);
  return printed.trim().split("\n").at(-1) ?? "";
}

const at = (app: { clientId: string; clientSecret?: string }): Environment => ({
  AUTHORITY: authority.authorityUrl(),
  CLIENT_ID: app.clientId,
  ...(app.clientSecret === undefined ? {} : { CLIENT_SECRET: app.clientSecret }),
});
const ofUser = { preferred_username: alice.username };
const tokenRequests = (): number => authority.requests.filter(({ endpoint }) => endpoint === "token").length;

describe("the reference solution of the task", () => {
  test("a daemon with a certificate", async () => {
    const files = { KEY_FILE: join(folder, "key.pem"), CERTIFICATE_FILE: join(folder, "certificate.pem") };
    const { clientId } = daemon;
    const token = await run("daemon-certificate.mjs", { ...at({ clientId }), ...files });
    expect(decodeJwt(token)).toMatchObject({ azp: clientId, azpacr: "2" });
  });

  test("fifty calls at once with one request", async () => {
    const before = tokenRequests();
    expect(decodeJwt(await run("daemon-secret-once.mjs", at(daemon)))).toMatchObject({
      azp: daemon.clientId,
    });
    expect(tokenRequests() - before).toBe(1);
  });

  test("a device code at an OpenID Provider", async () => {
    const environment = { ISSUER: provider.url, CLIENT_ID: provider.clients.publicClient.clientId };
    const token = await run("openid-device-code.mjs", environment, (line) => {
      const [, page, code] = /^visit (\S+) (\S+)/.exec(line) ?? [];
      if (!page || !code) return undefined;
      return signInOnDevice(page, code, { username: "olga", password: "any" }).then(() => undefined);
    });
    expect(token.length).toBeGreaterThan(20);
  });

  test("an app token without a scope at an OpenID Provider", async () => {
    const { clientId, clientSecret } = provider.clients.daemon;
    const environment = { ISSUER: provider.url, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
    expect((await run("openid-app-token.mjs", environment)).length).toBeGreaterThan(20);
  });

  test("on behalf of the caller's user", async () => {
    const desktop = authority.config.tenants[0]?.apps.find(({ name }) => name.endsWith("Desktop"));
    const client = new PublicClientApplication({
      auth: { clientId: desktop?.clientId ?? web.clientId, authority: authority.authorityUrl() },
      system: { proxy: false },
    });
    const scopes = ["api://web/access"];
    const { accessToken } = await client.acquireTokenByUsernamePassword({ scopes, ...alice });
    const token = await run("on-behalf-of.mjs", { ...at(web), CALLERS_TOKEN: accessToken });
    expect(decodeJwt(token)).toMatchObject({ ...ofUser, azp: web.clientId });
  });

  test("a user who is still signed in when the program runs again", async () => {
    const desktop = authority.config.tenants[0]?.apps.find(({ name }) => name.endsWith("Desktop"));
    const user = { USERNAME: alice.username, PASSWORD: alice.password, FOLDER: join(folder, "cache") };
    const token = await run("silent-after-restart.mjs", {
      ...at({ clientId: desktop?.clientId ?? "" }),
      ...user,
    });
    expect(decodeJwt(token)).toMatchObject(ofUser);
  });

  test.each(["managed-identity.mjs", "default-credential.mjs"])("%s on an Azure host", async (task) => {
    const { environment } = await authority.emulate("app-service");
    expect(decodeJwt(await run(task, environment))).toMatchObject({ idtyp: "app" });
  });

  test("the time to wait after too many requests", async () => {
    authority.fault({ match: "token", status: 429, headers: { "Retry-After": "30" }, times: 1 });
    expect(await run("retry-after.mjs", at(daemon))).toMatch(/^wait (29|30) seconds$/);
  });

  test("a website's sign-in", async () => {
    const token = await run("sign-in-url.mjs", at(web), (line) => {
      const [, url] = /^open (\S+)/.exec(line) ?? [];
      return url === undefined ? undefined : signIn(url, alice).then(({ href }) => href);
    });
    expect(decodeJwt(token)).toMatchObject(ofUser);
  });

  test("there are ten, and each uses only names that the texts explain", () => {
    const files = readdirSync(tasks);
    expect(files).toHaveLength(10);
    const { "llms-full.txt": text } = llmsFiles();
    for (const file of files) {
      const code = readFileSync(join(tasks, file), "utf8");
      const imported = [...code.matchAll(/import \{ (.*?) \} from "@tessera/g)].flatMap(([, names = ""]) =>
        names.split(", "),
      );
      const called = [...code.matchAll(/\.(acquire\w+|initiate\w+|getToken|getAllAccounts)\(/g)].map(
        ([, name = ""]) => name,
      );
      for (const name of [...imported, ...called]) expect(text).toContain(name);
    }
  });
});

describe("the texts for coding agents", () => {
  const files = llmsFiles();

  test("list every guide once, with a sentence about it", () => {
    const guides = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => file.replaceAll("\\", "/").replace(/\.md$/, ""));
    expect(
      pages()
        .map(({ path }) => path)
        .sort(),
    ).toEqual(guides.sort());
    expect(new Set(sections.flatMap(([, paths]) => paths)).size).toBe(
      sections.flatMap(([, paths]) => paths).length,
    );
    for (const { path, title, summary } of pages()) {
      expect(files["llms.txt"]).toContain(`- [${title}](`);
      expect([path, summary]).toEqual([path, expect.stringMatching(/^.{20,}\.$/)]);
    }
  });

  test("have an index, name the file of each guide behind its heading, and have no relative link", () => {
    const full = files["llms-full.txt"];
    const listed = [...full.matchAll(/^- docs\/(\S+)\.md, "/gm)].map(([, path = ""]) => path);
    expect(listed).toContain("differences");
    expect(listed).toContain("security");
    for (const path of listed)
      expect(full).toMatch(new RegExp(`^# .*\\n\\n<!-- docs/${path}\\.md -->$`, "m"));
    const prose = full.replace(/^```.*?^```/gms, "").replace(/`[^`\n]+`/g, "code");
    expect(prose.match(/\]\((?!https?:)[^)]*\)/g)).toBeNull();
  });

  test("begin with what the package is, and are short enough to be read", () => {
    for (const text of Object.values(files)) expect(text).toMatch(/^# Tessera\n\n> /);
    expect(files["llms.txt"].length).toBeLessThan(20_000);
    expect(files["llms-full.txt"].length).toBeLessThan(600_000);
  });
});
