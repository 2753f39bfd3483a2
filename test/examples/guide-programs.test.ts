// The tutorial in a real browser, and the programs of the guide about tests, as they stand on the page.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import {
  hasChromium,
  launchChromium,
  screenshot,
  typeCredentials,
  type Chromium,
} from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";
import { keptKeys } from "../support/rsa-keys.mjs";
import { assertBuilt, root } from "../packages/workspace.js";

beforeAll(assertBuilt);

const blocksOf = (page: string, language: string): readonly string[] =>
  [
    ...readFileSync(join(root, `docs/${page}.md`), "utf8").matchAll(
      new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"),
    ),
  ].map(([, code = ""]) => code);
const asModule = (program: string): string[] => ["--input-type=module", "--eval", program];

describe("the guide about tests", () => {
  const programs = blocksOf("testing", "ts");

  test("has a program for each of its promises", () => {
    expect(programs).toHaveLength(4);
  });

  test.each(programs.map((program, index) => [index, program] as const))(
    "program %i runs",
    async (_, program) => {
      const options = { cwd: root, env: { ...process.env, NODE_OPTIONS: keptKeys } };
      const { stderr } = await promisify(execFile)(process.execPath, asModule(program), options);
      expect(stderr).not.toMatch(/Error/);
    },
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let authority: LocalAuthority;
  let program: ChildProcess;
  let origin: string;

  beforeAll(async () => {
    [chromium, authority] = await Promise.all([launchChromium(), startLocalAuthority({ http: true })]);
    const [site, api] = [await freePort(), await freePort()];
    origin = `http://localhost:${site}`;
    const text = blocksOf("tutorial", "js")
      .join("\n")
      .replaceAll("localhost:8400", new URL(authority.url).host)
      .replaceAll("localhost:3000", `localhost:${site}`)
      .replaceAll("localhost:3001", `localhost:${api}`)
      .replace("listen(3000", `listen(${site}`)
      .replace("listen(3001", `listen(${api}`);
    // The folder has express and express-session.
    const started = spawn(process.execPath, asModule(text), {
      cwd: join(root, "examples/web-app"),
      stdio: ["ignore", "pipe", "inherit"],
    });
    program = started;
    await once(started.stdout, "data");
  });
  afterAll(async () => {
    program.kill();
    await chromium.close();
    await authority.close();
  });

  test("the tutorial's website greets Alice, shows her orders, and lets her go, as each step says", async () => {
    const { page, close } = await chromium.user();
    const heading = (): Promise<string | null> => page.locator("h1").first().textContent();
    await page.goto(origin);
    expect(await heading()).toBe("Welcome");
    await page.getByText("Sign in").click();
    expect(new URL(page.url()).host).toBe(new URL(authority.url).host);
    await typeCredentials(page, { username: "alice@contoso.example", password: "alice-password" });
    await page.waitForURL(`${origin}/`);
    expect(await heading()).toBe("Hello Alice Archer");
    await screenshot(page, "tutorial");
    await page.getByText("My orders").click();
    expect(await page.textContent("body")).toContain("One pair of boots for Alice Archer");
    expect(await page.textContent("body")).toContain("The token came from the cache.");
    await page.getByText("Back").click();
    await page.getByText("Sign out").click();
    await page.waitForURL(`${origin}/`);
    expect(await heading()).toBe("Welcome");
    // The session at the identity provider has ended as well.
    await page.getByText("Sign in").click();
    expect(await page.locator('input[type="password"]').count()).toBe(1);
    await close();
  });
});
