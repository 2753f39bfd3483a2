// The program in the README of @tessera/core, as a reader runs it: in a process of its own, against the built package.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "@jest/globals";
import { startEntra } from "../support/entra.js";
import { assertBuilt, root } from "../packages/workspace.js";

beforeAll(assertBuilt);

test("a program of its own gets a token with the built-in fetch, and finds it in the cache the second time", async () => {
  const readme = readFileSync(join(root, "packages/core/README.md"), "utf8");
  const program = /```js\n(.*?)```/s.exec(readme)?.[1] ?? "";
  const entra = await startEntra({ http: true, clock: Date.now });
  try {
    const { auth } = entra.configuration("confidential");
    const env = {
      ...process.env,
      CLIENT_ID: auth.clientId,
      AUTHORITY: auth.authority,
      CLIENT_SECRET: String(auth.clientSecret),
    };
    const arguments_ = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, arguments_, { cwd: root, env });
    expect(stdout).toMatch(/^a token until \d{4}-.*; the second came from the cache\n$/);
    expect(entra.tokenRequests()).toBe(1);
  } finally {
    await entra.close();
  }
});
