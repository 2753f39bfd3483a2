// The handlers of docs/web-apps.md as they stand there, on Express 4 and 5: nobody who visits ends the process.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { signIn } from "../support/sign-in.js";
import { assertBuilt, root } from "../packages/workspace.js";

const guide = readFileSync(join(root, "docs/web-apps.md"), "utf8");
const handlers = [...guide.matchAll(/```js\n(.*?)```/gs)]
  .map(([, code = ""]) => code)
  .filter((code) => /^site\./m.test(code));

let authority: LocalAuthority;
beforeAll(async () => {
  assertBuilt();
  authority = await startLocalAuthority({ http: true });
});
afterAll(() => authority.close());

const running: ChildProcessByStdio<null, Readable, Readable>[] = [];
afterEach(() => {
  for (const program of running.splice(0)) program.kill();
});

/** What the guide takes for granted: an application, a site with sessions, and the scopes. */
function programOn(express: string): string {
  const [tenant] = authority.config.tenants;
  const web = tenant?.apps.find(({ name }) => name.endsWith("Web"));
  const auth = {
    clientId: web?.clientId,
    clientSecret: web?.clientSecret,
    authority: authority.authorityUrl(),
  };
  return `
    import { ConfidentialClientApplication, InteractionRequiredAuthError } from "@tessera/node";
    import express from "${express}";
    import session from "express-session";
    const app = new ConfidentialClientApplication({ auth: ${JSON.stringify(auth)}, system: { proxy: false } });
    const scopes = ["User.Read"];
    const site = express();
    site.use(session({ secret: "s", resave: false, saveUninitialized: false }));
    const server = site.listen(0, "localhost");
    await new Promise((resolve) => server.once("listening", resolve));
    const origin = "http://localhost:" + server.address().port;
    const redirectUri = origin + "/callback";
    ${handlers.join("\n")}
    console.log("open " + origin);
  `;
}

/** A visitor with a cookie jar. */
interface Visitor {
  visit(path: string, method?: string): Promise<{ status: number; location: string; html: string }>;
}

async function siteOn(
  express: string,
): Promise<{ visitor: () => Visitor; isAlive: () => boolean; errors: () => string }> {
  const cwd = root;
  const program = spawn(process.execPath, ["--input-type=module", "--eval", programOn(express)], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(program);
  let errors = "";
  program.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const opened = once(program.stdout.setEncoding("utf8"), "data") as Promise<[string]>;
  const ended = once(program, "exit").then(() => {
    throw new Error(`the site has ended: ${errors}`);
  });
  const [output] = await Promise.race([opened, ended]);
  ended.catch(() => undefined);
  const origin = output.replace("open ", "").trim();
  const visitor = (): Visitor => {
    let cookie = "";
    return {
      async visit(path, method = "GET") {
        const response = await fetch(new URL(path, origin), {
          method,
          redirect: "manual",
          headers: { cookie },
        });
        cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
        const location = response.headers.get("location") ?? "";
        return { status: response.status, location, html: await response.text() };
      },
    };
  };
  return { visitor, isAlive: () => program.exitCode === null, errors: () => errors };
}

describe.each([
  ["Express 4", "express4"],
  ["Express 5", "express"],
])("the guide's website on %s", (_, express) => {
  it("has handlers for the whole way", () => {
    for (const path of ["/sign-in", "/callback", "/", "/sign-out"])
      expect(handlers.join()).toMatch(new RegExp(`site\\.(get|post)\\(\\s*"${path}"`));
  });

  it("signs a user in and out, also at the provider", async () => {
    const { visitor } = await siteOn(express);
    const { visit } = visitor();
    const alice = authority.config.tenants[0]?.users[0];
    const { location } = await visit("/sign-in");
    const returned = await signIn(location, {
      username: alice?.username ?? "",
      password: alice?.password ?? "",
    });
    expect((await visit(returned.href)).location).toBe("/");
    expect((await visit("/")).html).toContain(`Hello ${alice?.username ?? ""}`);
    expect((await visit("/sign-out", "POST")).location).toContain("/oauth2/v2.0/logout?");
    expect((await visit("/")).html).toContain("Sign in");
  });

  it("sends a user who cancels back to the start", async () => {
    const { visitor, isAlive } = await siteOn(express);
    const { visit } = visitor();
    const { location } = await visit("/sign-in");
    const state = new URL(location).searchParams.get("state") ?? "";
    expect(await visit(`/callback?error=access_denied&state=${state}`)).toMatchObject({
      status: 302,
      location: "/",
    });
    expect(await visit("/")).toMatchObject({ status: 200, html: expect.stringContaining("Sign in") });
    expect(isAlive()).toBe(true);
  });

  it.each([
    ["a forged state", "code=x&state=evil", 400],
    ["a state that comes twice", "code=x&state=a&state=b", 400],
    ["an answer without anything", "", 400],
    ["a code that the provider refuses", "code=x&state=STATE", 500],
    ["an error of the provider", "error=server_error&state=STATE", 500],
  ])("survives %s, shows no stack, and serves the next visitor", async (_kind, query, status) => {
    const { visitor, isAlive } = await siteOn(express);
    const { visit } = visitor();
    const { location } = await visit("/sign-in");
    const state = new URL(location).searchParams.get("state") ?? "";
    const answer = await visit(`/callback?${query.replace("STATE", state)}`);
    expect(answer.status).toBe(status);
    expect(answer.html).not.toMatch(/ at |Error:/);
    expect((await visitor().visit("/")).status).toBe(200);
    expect(isAlive()).toBe(true);
  });
});
