// The website of examples/web-frameworks, as a newcomer starts it on each framework: sign-in, API, on behalf of, sign-out.
import { spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import { keptKeys } from "../support/rsa-keys.mjs";
import { signIn } from "../support/sign-in.js";
import { assertBuilt, root } from "../packages/workspace.js";

const program = join(root, "examples/web-frameworks/web-frameworks.mjs");
beforeAll(assertBuilt);

const running: ChildProcessByStdio<null, Readable, Readable>[] = [];
afterEach(() => {
  for (const site of running.splice(0)) site.kill();
});

test.each(["express", "fastify", "hono", "node-http"])(
  "the website on %s signs a user in, whose name its API has from another one, and out",
  async (framework) => {
    const site = spawn(process.execPath, [program, framework], {
      env: { ...process.env, NODE_OPTIONS: keptKeys, PORT: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.push(site);
    let errors = "";
    site.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    const [said] = (await once(site.stdout.setEncoding("utf8"), "data")) as [string];
    const [, origin = "", username = "", password = ""] =
      /open (http\S+) and sign in as (\S+) with the password (\S+)/.exec(said) ?? [];

    const cookies = new Map<string, string>();
    const visit = async (url: string, init: { readonly method?: string } = {}) => {
      const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
      const headers = { cookie, accept: "text/html", ...(init.method ? { origin } : {}) };
      const response = await fetch(new URL(url, origin), { redirect: "manual", ...init, headers });
      for (const set of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
        if (value) cookies.set(name, value);
        else cookies.delete(name);
      }
      const location = response.headers.get("location") ?? "";
      return { status: response.status, location, html: await response.text() };
    };

    expect((await visit("/")).html).toContain("nobody");
    expect((await visit("/api/payments")).status).toBe(401);
    expect((await visit("/.well-known/oauth-protected-resource/api")).status).toBe(200);
    // `fetch` is a script to the site, and says so: it is told where to go.
    expect((await visit("/payments")).status).toBe(401);
    const { location: toProvider } = await visit("/auth/sign-in?returnTo=/payments");
    const returned = await signIn(toProvider, { username, password });
    expect((await visit(returned.href)).location).toBe(`${origin}/payments`);
    expect((await visit("/payments")).html).toContain("payments of Alice Archer, by way of orders");
    expect((await visit("/")).html).toContain(username);
    expect((await visit("/auth/sign-out", { method: "POST" })).location).toMatch(/\/oauth2\/v2\.0\/logout\?/);
    expect((await visit("/")).html).toContain("nobody");
    expect(errors).toBe("");
  },
);

test("an unknown framework is refused", () => {
  const { status, stderr } = spawnSync(process.execPath, [program, "koa"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringContaining("unknown framework koa")]);
});
