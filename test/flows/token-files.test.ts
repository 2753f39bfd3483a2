// A host keeps the token of a workload in a file, and replaces it: the app always proves itself with a valid one.
// proves: node/src/credential/token-file.ts, node/src/credential/federated-token-file.ts,
// node/src/credential/aws-token-file.ts, node/src/credential/spiffe-token-file.ts, node/src/credential/jwt.ts
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  awsTokenFile,
  federatedTokenFile,
  spiffeTokenFile,
  type ClientAssertionCallback,
} from "@tessera/node";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { startWorkload, type Workload } from "../support/workload.js";

const scopes = ["https://graph.microsoft.com/.default"];
const folder = mkdtempSync(join(tmpdir(), "tessera-token-files-"));
const file = join(folder, "token");
const context = { clientId: "workload" };

let workload: Workload;
beforeAll(async () => {
  workload = await startWorkload();
});
afterAll(async () => {
  await workload.entra.close();
  await rm(folder, { recursive: true });
});
const environment = { ...process.env };
beforeEach(() => {
  jest.spyOn(Date, "now").mockImplementation(() => workload.entra.clock.now());
  workload.entra.authority.clearRequests();
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...environment };
});

const app = (clientAssertion: ClientAssertionCallback) =>
  workload.entra.confidential({ auth: { clientId: "workload", clientSecret: undefined, clientAssertion } });
const sent = () => workload.entra.authority.requests.flatMap(({ form }) => form["client_assertion"] ?? []);

/** Each source with its path passed, and the variable that it reads without one. */
const sources: readonly [string, (path?: string) => ClientAssertionCallback, string | undefined][] = [
  ["federatedTokenFile", federatedTokenFile, "AZURE_FEDERATED_TOKEN_FILE"],
  ["awsTokenFile", awsTokenFile, "AWS_WEB_IDENTITY_TOKEN_FILE"],
  ["spiffeTokenFile", (path) => spiffeTokenFile(path as string), undefined],
];

describe.each(sources)("%s", (name, source, variable) => {
  it("reads the file for each request, and never for a token from the cache", async () => {
    const tokens = await Promise.all(["a", "b", "c"].map((jti) => workload.token({ jti })));
    await writeFile(file, `${tokens[0]}\n`);
    const client = app(source(file));
    await client.acquireTokenByClientCredential({ scopes });
    await writeFile(file, tokens[1] ?? "");
    await client.acquireTokenByClientCredential({ scopes, skipCache: true });
    await writeFile(file, tokens[2] ?? "");
    await client.acquireTokenByClientCredential({ scopes });
    expect(sent()).toEqual(tokens.slice(0, 2));
  });

  it("uses the last token while the file is empty, until that token expires", async () => {
    const token = await workload.token();
    const read = source(file);
    await writeFile(file, token);
    expect(await read(context)).toBe(token);
    await writeFile(file, " \n");
    expect(await read(context)).toBe(token);
    workload.entra.clock.advance(299);
    expect(await read(context)).toBe(token);
    workload.entra.clock.advance(1);
    await expect(read(context)).rejects.toMatchObject({ errorCode: "invalid_assertion" });
  });

  it("refuses an empty file that never held a token, and one that is missing", async () => {
    const read = source(file);
    await writeFile(file, "");
    await expect(read(context)).rejects.toMatchObject({
      errorCode: "invalid_assertion",
      message: expect.stringMatching(new RegExp(`"${file}" is empty: check that .+ writes it\\.$`)),
    });
    await rm(file);
    await expect(read(context)).rejects.toMatchObject({
      errorCode: "invalid_assertion",
      message: expect.stringMatching(new RegExp(`"${file}" cannot be read \\(ENOENT\\): .*${name}`)),
    });
  });

  it("reads no more of a file that is too long than tells so, even if it has no end", async () => {
    await expect(source("/dev/zero")(context)).rejects.toMatchObject({
      errorCode: "invalid_assertion",
      message: expect.stringContaining('"/dev/zero" is longer than'),
    });
  });

  it("says which path is missing, and shows none that may be the token itself", async () => {
    if (variable) Reflect.deleteProperty(process.env, variable);
    expect(() => source()).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
    expect(() => source()).toThrow(variable ?? `${name} has no path`);
    expect(() => source(5 as never)).toThrow("path is a number: pass the path of the token file.");
    const token = await workload.token();
    const error: unknown = await source(token)(context).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: "invalid_assertion" });
    expectNoSecretIn(error, [token]);
  });

  if (variable)
    it(`takes its path from ${variable}`, async () => {
      const token = await workload.token();
      await writeFile(file, token);
      process.env[variable] = file;
      const read = source();
      process.env[variable] = "";
      expect(await read(context)).toBe(token);
    });
});

it("a text that is no JWT is sent as it is: the server decides", async () => {
  await writeFile(file, "opaque");
  const read = federatedTokenFile(file);
  expect(await read(context)).toBe("opaque");
  await writeFile(file, "");
  workload.entra.clock.advance(86_400);
  expect(await read(context)).toBe("opaque");
});
