// Text is a URL or not, however often it is asked, and in whatever letters it is written.
// proves: local-authority/src/http/absolute-url.ts
import { expect, it, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { startLocalAuthority } from "@tessera/local-authority";
import { packages, sources } from "../packages/workspace.js";
import { absoluteUrl } from "../../packages/local-authority/src/http/absolute-url.js";
import { isRegistered, isRegisteredOrigin } from "../../packages/local-authority/src/http/redirect-uris.js";

it.each([
  ["https://app.example/cb", true],
  ["https://app.example/caf\u00e9", true],
  ["urn:ietf:wg:oauth:2.0:oob", true],
  ["null", false],
  ["/cb", false],
  ["https://", false],
  ["", false],
])("%j is a URL: %s", (text, expected) => {
  expect(absoluteUrl(text) !== undefined).toBe(expected);
});

test("redirect URIs with Latin-1 letters are recognized after thousands of requests", () => {
  const uri = "https://app.example/r\u00fcck\u00efkehr";
  // Past the point where V8 optimizes a function.
  let recognized = 0;
  for (let i = 0; i < 20_000; i += 1) if (isRegistered(uri, [uri])) recognized += 1;
  expect(recognized).toBe(20_000);
  expect(isRegisteredOrigin("null", [uri])).toBe(false);
  expect(isRegisteredOrigin("https://app.example", [uri])).toBe(true);
});

test("a redirect URI with Latin-1 letters is accepted in the configuration", async () => {
  const apps = [{ clientId: "a", redirectUris: ["https://app.example/r\u00fcck"] }];
  const authority = await startLocalAuthority({ http: true, tenants: [{ domain: "contoso.example", apps }] });
  await authority.close();
});

test("no package asks URL.canParse", () => {
  const users = packages
    .flatMap(sources)
    .filter((file) => readFileSync(file, "utf8").includes("URL.canParse("));
  expect(users).toEqual([]);
});
