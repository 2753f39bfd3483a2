// The command line itself: what it accepts, how it explains itself, how it ends.
// proves: cli/src/commands.ts, cli/src/command-options.ts, cli/src/programs.ts, cli/src/options.ts, cli/src/errors.ts, cli/src/help.ts, cli/src/commands/completion.ts, cli/src/shell.ts,
// cli/src/commands/dev.ts, cli/src/profiles/profile.ts, cli/src/profiles/profiles.ts, cli/src/index.ts,
// cli/src/profile-token.ts
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ExitCodes, profileToken } from "@tessera/cli";
import { COMMANDS } from "../../packages/cli/src/commands.js";
import { details, exitCodeOf, explain } from "../../packages/cli/src/errors.js";
import { parse } from "../../packages/cli/src/options.js";
import { readManifest, root } from "../packages/workspace.js";
import { makeHome, type Home } from "./stage.js";

let home: Home;
beforeAll(() => {
  home = makeHome();
});
afterAll(() => home.close());

describe("a wrong command line ends with 2, one line and the remedy:", () => {
  test.each([
    [["tokens"], /"tokens" is not a command: use login, token, bind/],
    [["token", "--secret", "my-secret"], /--secret is not an option of this command: try --help/],
    [["token", "--scope"], /--scope needs a value/],
    [["token", "--output", "xml"], /--output is "xml": pass one of raw, json, header, env/],
    [["token", "--profile="], /--profile is empty: pass NAME/],
    [["token", "extra"], /"extra" is not expected here: tessera token/],
    [["fetch"], /Something is missing: tessera fetch URL/],
    [["token"], /There is no profile "default": run tessera login --profile default/],
    [["token", "-p", "../x"], /The profile is called "\.\.\/x": pass 1 to 64 letters/],
    [["token", "--client-id", "x"], /belong to tessera login, or to a machine's identity/],
    [["login"], /The provider is missing: pass --authority, --issuer or --preset/],
    [["login", "--issuer", "https://sso.example"], /The client is missing: pass --client-id/],
    [
      ["login", "--issuer", "https://sso.example", "--client-id", "a", "--browser", "--device-code"],
      /exclude each other/,
    ],
    [["completion", "tcsh"], /pass bash, zsh or fish/],
    [["token", "--store", "cloud"], /--store is "cloud"/],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await home.run(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toContain("my-secret");
  });
});

test.each([[[]], [["--help"]], [["help"]], [["-h"]]])(
  "%j explains the program",
  async (args: readonly string[]) => {
    const { code, stdout } = await home.run(args);
    expect(code).toBe(0);
    for (const { name, text } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`^  ${name} +${text.slice(0, 20)}`, "m"));
  },
);

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  "tessera %s --help explains every option",
  async (name, command) => {
    const { code, stdout } = await home.run([name, "--help"]);
    expect(code).toBe(0);
    for (const option of command.options) expect(stdout).toContain(`--${option.name}`);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(130);
  },
);

test("--version is the packages'", async () => {
  expect((await home.run(["--version"])).stdout).toBe(
    `${readManifest(join(root, "packages/cli")).version}\n`,
  );
});

test("a reader that has seen enough is no error", async () => {
  expect(await home.tool(["sh", "-c", "tessera --help | true"])).toMatchObject({ code: 0, stderr: "" });
});

describe("completion", () => {
  test("for bash completes commands, options, values and profiles", async () => {
    mkdirSync(join(home.profiles, "work"), { recursive: true });
    writeFileSync(join(home.profiles, "work/profile.json"), "{}");
    const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
      const line = words.map((word) => `'${word}'`).join(" ");
      const script = `eval "$(tessera completion bash)"; COMP_WORDS=(tessera ${line}); COMP_CWORD=${words.length}; _tessera; echo "\${COMPREPLY[@]}"`;
      return (await home.tool(["bash", "-c", script])).stdout.trim().split(" ");
    };
    expect(await complete("log")).toEqual(["login", "logout"]);
    expect(await complete("token", "--out")).toEqual(["--output"]);
    expect(await complete("token", "--output", "")).toEqual(["raw", "json", "header", "env"]);
    expect(await complete("credential", "k")).toEqual(["kubectl"]);
    expect(await complete("token", "--profile", "")).toEqual(["work"]);
  });

  test.each(["zsh", "fish"])("for %s names every command and option", async (shell) => {
    const { stdout } = await home.run(["completion", shell]);
    for (const { name, options } of COMMANDS) {
      expect(stdout).toContain(name);
      for (const option of options)
        expect(stdout).toContain(shell === "zsh" ? `--${option.name}` : `-l ${option.name}`);
    }
    const check = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
    if (!check.error) expect([check.status, check.stderr]).toEqual([0, ""]);
  });
});

test("tessera dev starts the local authority, and ends with Ctrl+C", async () => {
  const program = join(root, "packages/cli/dist/cli.js");
  const child = spawn(process.execPath, [program, "dev", "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { url, tenants } = JSON.parse(line.toString()) as { url: string; tenants: readonly unknown[] };
  expect(url).toMatch(/^https:\/\/localhost:\d+$/);
  expect(tenants.length).toBeGreaterThan(0);
  child.kill("SIGINT");
  expect((await once(child, "exit"))[0]).toBe(130);
});

test("a profile that is damaged is named, with the remedy", async () => {
  mkdirSync(join(home.profiles, "damaged"), { recursive: true });
  writeFileSync(join(home.profiles, "damaged/profile.json"), '{"clientId":1}');
  const { code, stderr } = await home.run(["token", "-p", "damaged"]);
  expect([code, stderr]).toEqual([
    1,
    `tessera: ${home.profiles}/damaged/profile.json is damaged: remove it, and run tessera login --profile damaged.\n`,
  ]);
});

describe("errors", () => {
  test("of servers are one line, and more of them with --verbose", () => {
    const cause = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const error = Object.assign(new Error("x", { cause }), {
      errorCode: "network_error",
      errorMessage: "The host\r\n did not\tanswer.",
      correlationId: "1-2",
    });
    expect(explain(error)).toBe("The host did not answer.");
    expect(details(error)).toEqual([
      "Error, network_error, correlation ID 1-2: The host did not answer.",
      "caused by Error, ECONNRESET: socket hang up",
    ]);
  });

  test.each([
    [{ errorCode: "access_denied" }, ExitCodes.declined],
    [{ errorCode: "authorization_declined" }, ExitCodes.declined],
    [{ errorCode: "invalid_grant" }, ExitCodes.userMustAct],
    [{ name: "InteractionRequiredAuthError", errorCode: "consent_required" }, ExitCodes.userMustAct],
    [{ errorCode: "device_code_expired" }, ExitCodes.userMustAct],
    [{ errorCode: "network_error" }, ExitCodes.error],
    [{}, ExitCodes.error],
  ])("%j ends with %d", (fields, code) => {
    expect(exitCodeOf(Object.assign(new Error("x"), fields))).toBe(code);
  });
});

test("a number is a number", () => {
  const grammar = {
    options: [{ name: "max-time", value: "SECONDS", text: "" }],
    positionals: [0, 0] as const,
    usage: "",
  };
  expect(parse(["--max-time", "1.5"], grammar).number("max-time")).toBe(1.5);
  expect(() => parse(["--max-time", "soon"], grammar).number("max-time")).toThrow("pass a number");
});

test("programs have the exit codes and a profile's token, and nobody is asked", async () => {
  await expect(profileToken({ profile: "a-profile-of-nobody" })).rejects.toMatchObject({
    exitCode: ExitCodes.usage,
  });
});

describe("docs/cli.md", () => {
  const guide = readFileSync(join(root, "docs/cli.md"), "utf8");

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    "explains tessera %s and its options",
    (name, { options }) => {
      expect(guide).toContain(`tessera ${name}`);
      expect(
        options.filter((option) => !guide.includes(`--${option.name}`)).map((option) => option.name),
      ).toEqual([]);
    },
  );

  test("lists every exit code", () => {
    for (const code of Object.values(ExitCodes)) expect(guide).toMatch(new RegExp(`^\\| ${code} +\\|`, "m"));
  });
});
