// The browser that opens when the app names none: the system's launcher is real, the browser it finds is the test's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { assertBuilt, root } from "../packages/workspace.js";
import { browserVariables } from "../support/one-call-stage.js";
import { signIn } from "../support/sign-in.js";
import { post } from "../support/waiting-sign-in.js";

const program = `
  import { PublicClientApplication } from "@tessera/node";
  const [clientId, authority] = process.argv.slice(1);
  const app = new PublicClientApplication({ auth: { clientId, authority }, system: { proxy: false } });
  const { account } = await app.acquireTokenInteractive({ scopes: ["User.Read"] });
  console.log(account.username);`;

const linux = process.platform === "linux" ? describe : describe.skip;
linux("a program that names no browser", () => {
  let authority: LocalAuthority;
  beforeAll(async () => {
    assertBuilt();
    authority = await startLocalAuthority({ http: true });
  });
  afterAll(() => authority.close());

  test.each<[string, Readonly<Record<string, string>>]>([
    ["on an X display", { DISPLAY: ":9" }],
    ["on a Wayland display", { WAYLAND_DISPLAY: "wayland-9" }],
    ["over SSH, when a display is forwarded", { SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22", DISPLAY: ":9" }],
    ["in WSL", { WSL_DISTRO_NAME: "Debian" }],
    ["where CI is false", { CI: "false", DISPLAY: ":9" }],
  ])("opens the system's %s", async (_, environment) => {
    const [tenant] = authority.config.tenants;
    const desktop = tenant?.apps.find(({ name }) => name.endsWith("Desktop"));
    const { username = "", password = "" } = tenant?.users[0] ?? {};
    const browser = await fakeBrowser();
    const plain = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !browserVariables.includes(name)),
    );
    const child = spawn(
      process.execPath,
      ["--input-type=module", "-e", program, desktop?.clientId ?? "", authority.authorityUrl()],
      { cwd: root, env: { ...plain, NODE_OPTIONS: "", ...browser.environment, ...environment } },
    );
    let said = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.stderr.on("data", (chunk) => (said += String(chunk)));
    const ended = once(child, "exit");
    try {
      const url = await Promise.race([browser.opened, ended.then(() => "")]);
      expect(url || said).toContain("response_mode=form_post");
      const back = await signIn(url, { username, password });
      await post(`${back.origin}/`, back.searchParams.toString());
      await ended;
      expect(said.trim()).toBe(username);
    } finally {
      child.kill();
      await browser.close();
    }
  });
});

/** A browser for the system's launcher to find, and no other; it tells the test what it was opened with. */
async function fakeBrowser() {
  const folder = await mkdtemp(join(tmpdir(), "browser-"));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const opened = once(server, "request").then(([request, response]: unknown[]) => {
    (response as ServerResponse).end();
    return decodeURIComponent((request as IncomingMessage).url?.slice(1) ?? "");
  });
  const { port } = server.address() as AddressInfo;
  const tell = `fetch("http://127.0.0.1:${port}/" + encodeURIComponent(process.argv[1]))`;
  const browser = join(folder, "browser");
  await writeFile(browser, `#!/bin/sh\nexec "${process.execPath}" -e '${tell}' "$1"\n`, { mode: 0o755 });
  // No desktop, and so no other browser that it has registered.
  const nothing = { HOME: folder, XDG_DATA_HOME: folder, XDG_DATA_DIRS: folder, XDG_CURRENT_DESKTOP: "" };
  return {
    opened,
    environment: { ...nothing, BROWSER: browser, PATH: "/usr/bin:/bin" },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}
