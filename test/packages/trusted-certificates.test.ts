// system.ca adds to what Node.js trusts, however Node.js was told to: two authorities with certificates of their own, one of
// them known to Node.js, the other to the app.
// proves: node/src/http/trusted-certificates.ts
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { startEntra, type Entra } from "../support/entra.js";
import { assertBuilt, root } from "./workspace.js";

const folder = mkdtempSync(join(tmpdir(), "tessera-ca-"));
const file = join(folder, "nodes.pem");
let nodes: Entra;
let apps: Entra;

beforeAll(async () => {
  assertBuilt();
  [nodes, apps] = await Promise.all([startEntra(), startEntra()]);
  writeFileSync(file, nodes.authority.caPem ?? "");
});
afterAll(async () => {
  await Promise.all([nodes.close(), apps.close()]);
  rmSync(folder, { recursive: true });
});

const program = `
  import { ConfidentialClientApplication } from "@tessera/node";
  const results = JSON.parse(process.env.ASKED).map(({ auth, system }) =>
    new ConfidentialClientApplication({ auth, system })
      .acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] })
      .then(() => "trusted", ({ message }) => message));
  console.log(JSON.stringify(await Promise.all(results)));
`;

/** What comes of a request to the authority that Node.js is told of, and of one to the app's. */
async function ask(flags: readonly string[], variables: object, ca: string | undefined): Promise<unknown> {
  const asked = [nodes, apps].map((entra) => ({
    auth: entra.configuration("confidential").auth,
    system: { ca },
  }));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, "--input-type=module", "--eval", program],
    { cwd: root, env: { ...process.env, ...variables, ASKED: JSON.stringify(asked) } },
  );
  return JSON.parse(stdout) as unknown;
}

const ways: readonly (readonly [string, readonly string[], object])[] = [
  ["NODE_EXTRA_CA_CERTS", [], { NODE_EXTRA_CA_CERTS: file }],
  ["--use-openssl-ca", ["--use-openssl-ca"], { SSL_CERT_FILE: file }],
  ["--use-system-ca", ["--use-system-ca"], { SSL_CERT_FILE: file }],
];

it.each(ways.filter(([, flags]) => flags.every((flag) => process.allowedNodeEnvironmentFlags.has(flag))))(
  "beside %s",
  async (_, flags, variables) => {
    expect(await ask(flags, variables, apps.authority.caPem)).toEqual(["trusted", "trusted"]);
    expect(await ask(flags, variables, undefined)).toEqual(["trusted", expect.stringMatching(/certificate/)]);
  },
);

it("a file that is not there changes nothing", async () => {
  const variables = { NODE_EXTRA_CA_CERTS: join(folder, "none.pem") };
  expect(await ask([], variables, apps.authority.caPem)).toEqual([
    expect.stringMatching(/certificate/),
    "trusted",
  ]);
});
