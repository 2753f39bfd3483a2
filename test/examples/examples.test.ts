// Every example as a newcomer runs it: in a process of its own, against the built packages.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { startLocalAuthority } from "@tessera/local-authority";
import { createReport, StepFailure } from "../../examples/demo/report.mjs";
import { describeWith } from "../support/real-part.js";
import { hasRedis } from "../support/redis-servers.js";
import { keptKeys } from "../support/rsa-keys.mjs";
import { signIn } from "../support/sign-in.js";
import { assertBuilt, root } from "../packages/workspace.js";

beforeAll(assertBuilt);

const running = new Set<Example>();
afterEach(() => {
  for (const example of running) example.process.kill();
  running.clear();
});

describe("the demo", () => {
  test("gets tokens from both providers, and says so", async () => {
    const { status, output } = await run("demo/demo.mjs").end();
    expect(output).toContain("All steps did what they should");
    expect(status).toBe(0);
    expect(lines(output, "first call")).toEqual([
      expect.stringContaining("discovery, token"),
      expect.stringContaining("discovery, token"),
    ]);
    for (const step of ["same call again", "silent  "]) {
      expect(lines(output, step)).toEqual([
        expect.stringMatching(/cache +none/),
        expect.stringMatching(/cache +none/),
      ]);
    }
    expect(lines(output, "100 calls at once")).toEqual([
      expect.stringMatching(/one request +token /),
      expect.stringMatching(/one request +token /),
    ]);
    expect(lines(output, "silent, an hour later")).toHaveLength(2);
    expect(output).not.toMatch(/WARNING|NOTICE/);
  });

  test("with --browser, leaves the sign-in to the user", async () => {
    const demo = run("demo/demo.mjs", ["--browser"], { BROWSER: "none" });
    for (const name of ["alice@contoso.example", "olga@example.org"]) {
      const [, username = "", password = "", url = ""] = await demo.says(
        new RegExp(`Sign in as (${name}), password: (.*)\\n.*\\n *(http\\S+)`),
      );
      const returned = await signIn(url, { username, password });
      expect((await fetch(returned)).status).toBe(200);
    }
    const { status, output } = await demo.end();
    expect(output).toContain("All steps did what they should");
    expect(status).toBe(0);
  });

  test("refuses an option it does not know", async () => {
    const { status, errors } = await run("demo/demo.mjs", ["--brwser"]).end();
    expect(errors).toContain("unknown option --brwser: the only one is --browser");
    expect(status).toBe(1);
  });

  test("says what was expected and what came when a step goes wrong", async () => {
    const printed: string[] = [];
    const provider = { requests: [] as string[] };
    const report = createReport((line) => printed.push(line));
    const step = report.step("silent", provider, { fromCache: true, "token requests": 0 }, async () => {
      provider.requests.push("token");
      return { says: "a new token", facts: { fromCache: false } };
    });
    await expect(step).rejects.toThrow(StepFailure);
    await expect(step).rejects.toThrow(
      /"silent" failed\n +expected: fromCache = true, token requests = 0\n +came: +fromCache = false, token requests = 1/,
    );
    expect(printed.join()).toContain("a new token");

    const thrown = report.step("silent", provider, {}, () => Promise.reject(new TypeError("no network")));
    await expect(thrown).rejects.toThrow("TypeError: no network");
  });
});

describe("the daemon", () => {
  const ours = { TENANT: "", AUTHORITY: "", CLIENT_ID: "", CLIENT_SECRET: "" };

  test("without an environment, runs against its own local authority", async () => {
    const { status, output } = await run("daemon/daemon.mjs", [], ours).end();
    expect(output).toMatch(/first call .*from the identity provider/);
    expect(output).toMatch(/second call.*from the cache/);
    expect(status).toBe(0);
  });

  test("takes its configuration from the environment, and says what the authority refuses", async () => {
    const authority = await startLocalAuthority({ http: true });
    try {
      const daemon = authority.config.tenants[0]?.apps.find(({ name }) => name.endsWith("Daemon"));
      const environment = {
        ...ours,
        AUTHORITY: authority.authorityUrl(),
        CLIENT_ID: daemon?.clientId ?? "",
        CLIENT_SECRET: daemon?.clientSecret ?? "",
        NO_PROXY: "localhost",
        no_proxy: "localhost",
      };
      const good = await run("daemon/daemon.mjs", [], environment).end();
      expect(good.output).toMatch(/second call.*from the cache/);
      expect(good.status).toBe(0);

      const bad = await run("daemon/daemon.mjs", [], { ...environment, CLIENT_SECRET: "wrong" }).end();
      expect(bad.errors).toContain("No token (invalid_client): ");
      expect(bad.errors).toContain("AADSTS7000215");
      expect(bad.status).toBe(1);
    } finally {
      await authority.close();
    }
  });
});

describe("the program for every place", () => {
  const nothing = {
    AZURE_TOKEN_CREDENTIALS: "",
    AZURE_CLIENT_ID: "",
    IDENTITY_ENDPOINT: "",
    MSI_ENDPOINT: "",
  };
  const direct = { NO_PROXY: "localhost,127.0.0.1", no_proxy: "localhost,127.0.0.1" };
  const tokens = /first call : \d+ characters, requested, .*\nsecond call: \d+ characters, from the cache/;

  test("is run with a secret and with a managed identity by its companion", async () => {
    const { status, output, errors } = await run("anywhere/try-both.mjs").end();
    expect(output.split("anywhere.mjs ").slice(1)).toEqual([
      expect.stringMatching(/^on a laptop, with a secret:/),
      expect.stringMatching(/^on an emulated Azure host, with its managed identity:/),
    ]);
    for (const part of output.split("anywhere.mjs ").slice(1)) expect(part).toMatch(tokens);
    expect([status, errors]).toEqual([0, ""]);
  });

  test("runs unchanged in the environment of each, and says where it has looked for an identity", async () => {
    const authority = await startLocalAuthority({ http: true });
    try {
      const [tenant] = authority.config.tenants;
      const daemon = tenant?.apps.find(({ name }) => name.endsWith("Daemon"));
      const secret = {
        AZURE_AUTHORITY_HOST: authority.url,
        AZURE_TENANT_ID: tenant?.id ?? "",
        AZURE_CLIENT_ID: daemon?.clientId ?? "",
        AZURE_CLIENT_SECRET: daemon?.clientSecret ?? "",
      };
      const { environment } = await authority.emulate("imds");
      for (const place of [secret, environment]) {
        const { status, output } = await run("anywhere/anywhere.mjs", [], {
          ...nothing,
          ...direct,
          ...place,
        }).end();
        expect(output).toMatch(tokens);
        expect(status).toBe(0);
      }
      const nowhere = { ...nothing, AZURE_TOKEN_CREDENTIALS: "dev", PATH: "" };
      const { status, errors } = await run("anywhere/anywhere.mjs", [], nowhere).end();
      expect(errors).toMatch(
        /No token \(credential_unavailable\): .*az is not installed.*azd is not installed/,
      );
      expect(status).toBe(1);
    } finally {
      await authority.close();
    }
  });
});

test.each([
  ["on node:http", "web-sign-in/web-sign-in.mjs"],
  ["on Express", "web-app/web-app.mjs"],
])("the website %s signs a user in and out", async (_, file) => {
  const site = run(file, ["--once"], { CLIENT_ID: "", PORT: "0" });
  const [, origin = "", username = "", password = ""] = await site.says(
    /open (http\S+) and sign in as (\S+) with the password (\S+)/,
  );
  const cookies = new Map<string, string>();
  const visit = async (url: string, init: RequestInit = {}): Promise<{ location: string; html: string }> => {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const headers = { ...(init.headers as Record<string, string> | undefined), cookie };
    const response = await fetch(new URL(url, origin), { redirect: "manual", ...init, headers });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return { location: response.headers.get("location") ?? "", html: await response.text() };
  };

  expect((await visit("/")).html).toContain("Sign in");
  const { location } = await visit("/auth/sign-in");
  const returned = await signIn(location, { username, password });
  // A code that somebody else brings along.
  cookies.clear();
  expect((await visit(returned.href)).html).toContain("sign_in_out_of_date");
  expect((await visit("/")).html).not.toContain("Hello");
  // The user presses Cancel.
  const cancelled = await visit("/auth/sign-in");
  const state = new URL(cancelled.location).searchParams.get("state") ?? "";
  expect((await visit(`/auth/callback?error=access_denied&state=${state}`)).html).toContain("access_denied");

  const again = await visit("/auth/sign-in");
  const answer = await signIn(again.location, { username, password });
  expect((await visit(answer.href)).location).toBe(`${origin}/`);
  expect((await visit("/")).html).toMatch(/Hello Alice Archer[\s\S]*from the cache/);
  // The session at the provider ends as well, and the browser comes back.
  const left = await visit("/auth/sign-out", { method: "POST", headers: { origin } });
  expect(left.location).toMatch(/\/oauth2\/v2\.0\/logout\?.*post_logout_redirect_uri=/);
  expect((await visit(left.location)).location).toBe(`${origin}/`);
  expect((await visit("/")).html).toContain("Sign in");

  const { status } = await site.end();
  expect(status).toBe(0);
});

describeWith("redis-server", hasRedis(), () => {
  test("the website in four processes knows in each a user who has signed in at one, until they sign out", async () => {
    const { status, output, errors } = await run("web-farm/web-farm.mjs", ["--once"], {
      REDIS_URL: "",
      PORT: "0",
    }).end();
    const [before = "", after = ""] = output.split("signs out\n");
    const visits = (part: string) =>
      lines(part, "comes back: ").map((line) => /Process (\d): (.*)/.exec(line)?.slice(1) ?? line);
    expect(lines(before, "signs in: ")).toEqual([expect.stringContaining("Hello Alice Archer")]);
    for (const [part, said] of [
      [before, "Hello Alice Archer, with a token from the cache."],
      [after, "Welcome, stranger. Sign in"],
    ] as const) {
      expect(visits(part).sort()).toEqual(["1", "2", "3", "4"].map((process) => [process, said]));
    }
    expect(before).toContain("token requests of all processes: 1\n");
    expect([status, errors]).toEqual([0, ""]);
  });
});

test("the daemon with a certificate goes on when it is renewed", async () => {
  const { status, output } = await run("daemon-certificate/daemon-certificate.mjs", [], {
    CLIENT_ID: "",
  }).end();
  expect(output).toMatch(/first call: .*from the identity provider/);
  expect(output).toMatch(/second call: .*from the cache/);
  expect(output).toMatch(/with the renewed certificate: .*from the identity provider/);
  expect(status).toBe(0);
});

test("the agents act as themselves and as a user, through one application", async () => {
  const { status, output } = await run("agent/agent.mjs", [], { CLIENT_ID: "" }).end();
  expect(lines(output, "agent ").map((line) => line.replace(/^agent \S+ as /, ""))).toEqual([
    ...[
      "itself: a token from the identity provider",
      "alice@contoso.example: a token from the identity provider",
    ],
    "alice@contoso.example: a token from the cache",
    ...[
      "itself: a token from the identity provider",
      "alice@contoso.example: a token from the identity provider",
    ],
    "alice@contoso.example: a token from the cache",
  ]);
  expect(output).toContain("accounts of the application: 0");
  expect(status).toBe(0);
});

test.each(["web-api", "hono"])("the API in %s.mjs checks tokens and acts for its users", async (program) => {
  const local = { CLIENT_ID: "", PORT: "0" };
  const { status, output } = await run(`web-api/${program}.mjs`, ["--once"], local).end();
  expect(output).toMatch(/without a token: HTTP 401/);
  expect(output).toMatch(/with a token that is none: HTTP 401/);
  expect(output).toMatch(
    /with Alice's token: HTTP 200 .*"user":"Alice Archer","calledBy":"orders".*\(1 token requests\)/,
  );
  expect(output).toMatch(/with the same again: HTTP 200 .*\(0 token requests\)/);
  expect(status).toBe(0);
});

describe("programs on the user's machine", () => {
  const local = { CLIENT_ID: "", NO_PROXY: "localhost", no_proxy: "localhost" };

  test("the command-line program signs its user in once, and remembers them", async () => {
    const { status, output } = await run("desktop-cli/desktop-cli.mjs", ["--self-test"], local).end();
    expect(output).toMatch(/alice@contoso.example, signed in now.*\n.*alice@contoso.example, remembered/);
    expect(status).toBe(0);
  });

  test("where no browser can be opened, the command-line program shows a code", async () => {
    const program = run("desktop-cli/desktop-cli.mjs", [], { ...local, CI: "true" });
    await program.says(/open the page http\S+\/deviceauth and enter the code \S+/);
  });

  test("the device shows a code, as a picture too, until the user has signed in", async () => {
    const program = run("device-code/device-code.mjs", ["--self-test", "--qr"], local);
    const { status, output } = await program.end();
    expect(output).toMatch(/▄{20,}/);
    expect(output).toContain("enter the code");
    expect(output).toContain("You are alice@contoso.example");
    expect(status).toBe(0);
  });

  test.each(["desktop-cli/desktop-cli.mjs", "device-code/device-code.mjs"])(
    "%s refuses an option it does not know",
    async (file) => {
      const { status, errors } = await run(file, ["--wrong"], local).end();
      expect(errors).toContain("unknown option --wrong");
      expect(status).toBe(1);
    },
  );
});

describe("the agent of an MCP server", () => {
  const direct = { NO_PROXY: "localhost", no_proxy: "localhost", CLIENT_METADATA_URL: "" };

  test("asks its user when it connects and when a tool needs more, and after a restart not at all", async () => {
    const { status, output, errors } = await run("mcp-agent/mcp-agent.mjs", [], direct).end();
    const asked = "sign-ins: 1, token requests: 1";
    const silent = "sign-ins: 0, token requests: 0";
    expect(output.trimEnd().split("\n")).toEqual([
      `first start, connected: ${asked}`,
      `first start, list_orders: 4711, 4712 (${silent})`,
      `first start, cancel_order: 4712 is cancelled (${asked})`,
      `second start, connected: ${silent}`,
      `second start, list_orders: 4711, 4712 (${silent})`,
      `second start, cancel_order: 4712 is cancelled (${silent})`,
    ]);
    expect([status, errors]).toEqual([0, ""]);
  });

  test("refuses an option it does not know", async () => {
    const { status, errors } = await run("mcp-agent/mcp-agent.mjs", ["--brwser"], direct).end();
    expect(errors).toContain("unknown option --brwser");
    expect(status).toBe(1);
  });
});

test("an app registers itself, signs a user in, revokes the tokens, and deletes its registration", async () => {
  const { status, output } = await run("own-registration/own-registration.mjs", []).end();
  expect(output).toMatch(/^Registered at http:\/\/localhost:\d+ as \S+\n/);
  expect(output).toContain("sees only client_id and request_uri");
  expect(output).toContain("Signed in as olga@example.org, with a token of the type DPoP");
  expect(output).toContain('"name":"Olga Oidc"');
  expect(output).toMatch(/The token is revoked\nThe registration is deleted\n$/);
  expect(status).toBe(0);
});

interface Example {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Waits until the output matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Waits until the process has ended. */
  end(): Promise<{ readonly status: number | null; readonly output: string; readonly errors: string }>;
}

function run(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Example {
  const child = spawn(process.execPath, [join(root, "examples", file), ...args], {
    env: { ...process.env, NODE_OPTIONS: keptKeys, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  const ended = once(child, "close") as Promise<[number | null]>;
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const example: Example = {
    process: child,
    async says(pattern) {
      for (;;) {
        const found = pattern.exec(output);
        if (found) return found;
        const over = await Promise.race([
          once(child.stdout, "data").then(() => false),
          ended.then(() => true),
        ]);
        if (over && !pattern.test(output))
          throw new Error(`It ended without saying ${pattern}:\n${output}${errors}`);
      }
    },
    async end() {
      const [status] = await ended;
      return { status, output, errors };
    },
  };
  running.add(example);
  return example;
}

/** The lines of a step in the report. */
function lines(output: string, step: string): readonly string[] {
  return output.split("\n").filter((line) => line.trimStart().startsWith(step));
}
