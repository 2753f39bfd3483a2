// The authority in a terminal: what a person needs to begin; a pipe gets JSON.
// proves: local-authority/src/command-line/run-command-line.ts, local-authority/src/command-line/summary.ts,
// local-authority/src/command-line/read-arguments.ts, local-authority/src/cli.ts
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { runCommandLine, startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { identitiesNotice, summary } from "../../packages/local-authority/src/command-line/summary.js";

const run = promisify(execFile);
const cli = resolve("packages/local-authority/dist/cli.js");

describe("what a person reads", () => {
  let authority: LocalAuthority;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "command-line-"));
    authority = await startLocalAuthority({ caFile: join(folder, "ca file.pem") });
  });
  afterAll(async () => {
    await authority.close();
    await rm(folder, { recursive: true });
  });
  const about = (over: object = {}) => ({
    url: authority.url,
    config: authority.config,
    caFile: join(folder, "ca file.pem"),
    platform: "linux",
    isColored: false,
    ...over,
  });

  it("is where it is, who can sign in with which password, and which apps there are", () => {
    const text = summary(about());
    const users = authority.config.tenants.flatMap((tenant) => tenant.users);
    const apps = authority.config.tenants.flatMap((tenant) => tenant.apps);
    expect(text).toContain(`Console         ${authority.url}/\n`);
    expect(text).toContain(`CA certificate  ${join(folder, "ca file.pem")}\n`);
    for (const { username, password, disabled } of users)
      expect(text).toMatch(
        new RegExp(`${username} +password ${password}${disabled ? " \\(disabled\\)" : ""}\n`),
      );
    for (const { name, clientId, clientSecret } of apps)
      expect(text).toMatch(
        new RegExp(
          `${name} +client ID ${clientId}  ${clientSecret === undefined ? "public" : `secret ${clientSecret}`}\n`,
        ),
      );
    for (const { id } of authority.config.tenants)
      expect(text).toContain(`authority  ${authority.url}/${id}\n`);
    expect(text).not.toMatch(/[{}]| \n/);
    expect(text).not.toContain("\u001b");
  });

  const lines = (text: string) => /first token:[^\n]*\n((?: {2}.*\n){3})/.exec(text)?.[1] ?? "";

  it("is three lines that get a token when they are copied", async () => {
    const { stdout } = await run("sh", ["-ec", lines(summary(about()))]);
    expect(JSON.parse(stdout)).toMatchObject({ token_type: "Bearer", access_token: expect.any(String) });
  });

  it("is three lines for plain HTTP, and for an app without a secret", async () => {
    const open = await startLocalAuthority({ http: true });
    const config = {
      ...open.config,
      tenants: open.config.tenants.map((tenant) => ({
        ...tenant,
        apps: tenant.apps.filter((app) => app.clientSecret === undefined),
      })),
    };
    const text = summary(about({ url: open.url, config, caFile: undefined }));
    expect(text).not.toContain("CA certificate");
    const { stdout } = await run("sh", ["-ec", lines(text)]);
    expect(JSON.parse(stdout)).toMatchObject({ issuer: open.issuer() });
    await open.close();
  });

  it("is PowerShell on Windows", () => {
    const text = lines(summary(about({ platform: "win32", caFile: "C:\\it's\\ca.pem" })));
    expect(text).toContain(
      "$env:NODE_EXTRA_CA_CERTS = 'C:\\it''s\\ca.pem'; $env:AZURE_AUTHORITY_HOST = 'https:",
    );
    expect(text).toContain("curl.exe -s");
    expect(text).not.toContain("export");
  });

  it("has headings where there are colours, and needs no app", () => {
    expect(summary(about({ isColored: true }))).toContain("\u001b[1mContoso\u001b[22m");
    expect(summary(about({ config: { ...authority.config, tenants: [] } }))).toContain(
      "Press Ctrl+C to stop.",
    );
  });

  it("is, beside an emulated host, which identities there are", () => {
    expect(identitiesNotice(authority.url, authority.config)).toMatch(/system-assigned.*\n.*user-assigned/);
  });
});

describe("in a terminal", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "command-line-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Runs the program at a terminal of its own. */
  const atTerminal = (args: readonly string[], env: Record<string, string> = {}) => {
    if (!existsSync(cli)) throw new Error(`${cli} is missing: run npm run build`);
    const command = ["exec", process.execPath, cli, ...args].join(" ");
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      env: { PATH: process.env["PATH"], TMPDIR: folder, TERM: "xterm", ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    return { child, printed: collect(child) };
  };
  const press = (child: ChildProcess, key: string) => child.stdin?.write(key);

  it("prints for a person, keeps the certificate in a file, and leaves nothing after Ctrl+C", async () => {
    const { child, printed } = atTerminal([]);
    const text = await printed.until("development and tests only.");
    const caFile = /CA certificate {2}(\S+)/.exec(text)?.[1] ?? "";
    expect(caFile.startsWith(folder)).toBe(true);
    expect(existsSync(caFile)).toBe(true);
    expect(text).toContain("\u001b[1m");
    expect(text).toMatch(/user +alice@contoso\.example +password alice-password/);
    const { stdout } = await run("curl", [
      "-s",
      "--cacert",
      caFile,
      `${/Console +(\S+)\//.exec(text)?.[1]}/common/v2.0/.well-known/openid-configuration`,
    ]);
    expect(JSON.parse(stdout)).toHaveProperty("token_endpoint");
    press(child, "\u0003");
    expect(await once(child, "close")).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("prints JSON with --json, and no colours with NO_COLOR or in a dumb terminal", async () => {
    const json = atTerminal(["--json", "--http"]);
    const uncoloured: readonly Record<string, string>[] = [{ NO_COLOR: "1" }, { TERM: "dumb" }];
    const plain = uncoloured.map((env) => atTerminal(["--http"], env));
    const first = /^\{.*\}\r?\n/.exec(await json.printed.until("tests only."))?.[0] ?? "";
    expect(JSON.parse(first)).toMatchObject({ url: expect.stringMatching(/^http:/), tenants: [{}, {}] });
    for (const { printed } of plain) expect(await printed.until("tests only.")).not.toContain("\u001b");
    for (const { child } of [json, ...plain]) {
      press(child, "\u0003");
      expect(await once(child, "close")).toEqual([0, null]);
    }
  });
});

describe("for another program", () => {
  const said = (stream: "stdout" | "stderr") => {
    const texts: string[] = [];
    const spy = jest
      .spyOn(process[stream], "write")
      .mockImplementation((text) => texts.push(String(text)) > 0);
    return { spy, text: () => texts.join("") };
  };

  it("it runs until the signal says so, under the program's name", async () => {
    const [out, err] = [said("stdout"), said("stderr")];
    const stop = new AbortController();
    const listeners = process.listenerCount("SIGINT");
    const running = runCommandLine(["--http", "--json"], { program: "tool dev", signal: stop.signal });
    while (!err.text().includes("tests only")) await new Promise(setImmediate);
    expect(process.listenerCount("SIGINT")).toBe(listeners);
    const { url } = JSON.parse(out.text());
    expect((await fetch(`${url}/_console`)).status).toBe(200);
    stop.abort();
    expect(await running).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
    expect(err.text()).toMatch(/^tool dev: the default client secrets/);
    out.spy.mockRestore();
    err.spy.mockRestore();
  });

  it.each<[readonly string[], number, RegExp]>([
    [["--help"], 0, /^Usage: tool dev \[options\]/],
    [["--colour"], 2, /^tool dev: .*--colour.* Try --help\.\n$/],
    [["--port", "70000"], 1, /^tool dev: port is 70000/],
    [
      ["--port", "abc"],
      2,
      /^tool dev: --port "abc" is not a number: pass one from 0 to 65535\. Try --help\.\n$/,
    ],
    [["--prot", "1"], 2, /^tool dev: [^\n]*--prot[^\n]*\. Try --help\.\n$/],
    [["--emulate", "vm", "--http"], 1, /^tool dev: emulate is "vm"/],
    [["--config", "/nowhere.json"], 1, /nowhere\.json/],
  ])("%j ends with %i, and leaves no listener", async (args, code, text) => {
    const [out, err] = [said("stdout"), said("stderr")];
    const listeners = process.listenerCount("SIGINT");
    expect(await runCommandLine(args, { program: "tool dev" })).toBe(code);
    expect(process.listenerCount("SIGINT")).toBe(listeners);
    expect(out.text() + err.text()).toMatch(text);
    out.spy.mockRestore();
    err.spy.mockRestore();
  });

  it("a file that is not JSON is named", async () => {
    const folder = await mkdtemp(join(tmpdir(), "command-line-"));
    await writeFile(join(folder, "config.json"), "{");
    const err = said("stderr");
    expect(await runCommandLine(["--config", join(folder, "config.json")])).toBe(1);
    expect(err.text()).toMatch(/config\.json is not JSON/);
    err.spy.mockRestore();
    await rm(folder, { recursive: true });
  });
});

/** What a program prints, to be waited for. */
function collect(child: ChildProcess): { readonly until: (part: string) => Promise<string> } {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return {
    until: async (part) => {
      while (!text.includes(part)) await once(child.stdout as NodeJS.ReadableStream, "data");
      return text;
    },
  };
}
