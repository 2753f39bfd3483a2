// What is in a token, in words; keys are fetched from issuers that the user has named, never because a token says so.
// proves: cli/src/commands/inspect.ts, cli/src/inspection/decoded-token.ts, cli/src/inspection/signature.ts,
// cli/src/inspection/times.ts, cli/src/json.ts
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { distance, timeInWords, validity } from "../../packages/cli/src/inspection/times.js";
import { tokenIn } from "../../packages/cli/src/inspection/decoded-token.js";
import { startStage, type Home, type Stage } from "./stage.js";

let stage: Stage;
let home: Home;
let token: string;
beforeAll(async () => {
  stage = await startStage();
  home = stage.home();
  await stage.signedIn(home);
  token = (await home.run(["token"])).stdout.trim();
});
afterAll(() => stage.close());

test("a token of a profile's issuer is explained, and its signature holds", async () => {
  const { code, stdout, stderr } = await home.run(["inspect"], { input: token });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^Header\n {2}typ +JWT\n/m);
  expect(stdout).toMatch(/ {2}exp +\d+ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, in 5\d minutes\n/);
  expect(stdout).toMatch(/It is valid, and expires in 5\d minutes\./);
  expect(stdout).toMatch(/Its signature holds: a key of https:\/\/\S+ has signed it\./);
  expect(stdout).not.toContain(token.split(".")[2]);
});

test("one whose content was changed is not vouched for", async () => {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const forged = {
    ...(JSON.parse(Buffer.from(claims, "base64url").toString()) as object),
    scp: "Everything",
  };
  const input = [header, Buffer.from(JSON.stringify(forged)).toString("base64url"), signature].join(".");
  const { stdout } = await home.run(["inspect", "-"], { input });
  expect(stdout).toContain("Its signature does not hold: the key of");
});

describe("a token of an issuer that no profile knows", () => {
  let issuer: string;
  let key: CryptoKey;
  let asked: string[];
  let close: () => void;
  beforeAll(async () => {
    const pair = await generateKeyPair("ES256");
    key = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "one", alg: "ES256" };
    asked = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const body = request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => {
      server.closeAllConnections();
      server.close();
    };
  });
  afterAll(() => close());

  const signed = (claims: object, header: object = {}): Promise<string> =>
    new SignJWT({ iss: issuer, ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "one", ...header })
      .sign(key);

  test("has nothing fetched for it, whatever it names", async () => {
    const input = await signed({ exp: 1 }, { jku: `${issuer}/keys`, jwk: {}, x5u: `${issuer}/keys` });
    const { stdout } = await home.run(["inspect"], { input });
    expect(asked).toEqual([]);
    expect(stdout).toContain(
      `Its signature is not known: no profile is of the issuer ${issuer}: if you trust it, pass --issuer ${issuer}.`,
    );
    expect(stdout).toMatch(/It has expired, \d+ days ago\./);
  });

  test("is checked with the keys of the issuer that is named", async () => {
    const { stdout } = await home.run(["inspect", "--issuer", issuer, "--json"], { input: await signed({}) });
    expect(JSON.parse(stdout)).toMatchObject({
      header: { kid: "one" },
      claims: { iss: issuer },
      signature: { state: "holds" },
    });
    const other = await home.run(["inspect", "--issuer", issuer], {
      input: await signed({}, { kid: "two" }),
    });
    expect(other.stdout).toContain("publishes no key with which it can have been signed");
  });

  test("cannot move the cursor", async () => {
    const { stdout } = await home.run(["inspect"], { input: await signed({ name: "\u001b[2Jgone\u202e" }) });
    expect(stdout).toContain("\\u001b[2Jgone\\u202e");
    for (const control of ["\u001b", "\u202e"]) expect(stdout).not.toContain(control);
  });
});

test("a file, a header and a JSON response are read; a token is not an argument", async () => {
  const file = join(home.folder, "token.txt");
  writeFileSync(file, `Authorization: Bearer ${token}\n`);
  expect((await home.run(["inspect", file])).stdout).toContain("Its signature holds");
  const argument = await home.run(["inspect", token]);
  expect(argument).toMatchObject({
    code: 2,
    stderr: "tessera: A token is not passed as an argument: write it to standard input.\n",
  });
  expect(await home.run(["inspect"], { input: "opaque" })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no readable parts"),
  });
  expect(await home.run(["inspect"], { input: " \n" })).toMatchObject({ code: 2 });
  const encrypted = [
    Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString("base64url"),
    "a",
    "b",
    "c",
    "d",
  ].join(".");
  expect((await home.run(["inspect"], { input: encrypted })).stdout).toContain("The token is encrypted");
});

test.each([
  ['{"access_token":"a.b.c"}', "a.b.c"],
  ["Bearer a.b.c", "a.b.c"],
  ["  a.b.c\n", "a.b.c"],
])("the token in %j is found", (text, expected) => {
  expect(tokenIn(text)).toBe(expected);
});

test.each([
  [0, "now"],
  [1, "in 1 second"],
  [-61, "1 minute ago"],
  [7200, "in 2 hours"],
  [-200_000, "2 days ago"],
])("%d seconds are %s", (seconds, words) => {
  expect(distance(seconds)).toBe(words);
});

test("times that are none are said to be none, and a token may not be valid yet", () => {
  expect(timeInWords(1e20, 0)).toBe("not a time");
  expect(validity({ exp: 100, nbf: 50 }, 20)).toBe("It is not valid yet: in 30 seconds.");
  expect(validity({}, 20)).toBe("It does not say when it expires.");
});
