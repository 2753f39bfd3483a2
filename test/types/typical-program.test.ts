// Types are part of the promise: what compiles against the peer compiles against Tessera.
// proves: node/src/configuration.ts, node/src/requests.ts
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { errorsOf, libraries } from "./compile.js";

const programs = ["typical-program.ts", "untypical-program.ts"];

test.each(programs.flatMap((program) => libraries.map((library) => [program, library] as const)))(
  "%s compiles with %s",
  (program, library) => {
    const text = readFileSync(new URL(program, import.meta.url), "utf8");
    const source = text.replace('from "@azure/msal-node"', `from "${library}"`);
    expect(source).toContain(`from "${library}"`);
    expect(errorsOf(source)).toEqual([]);
  },
);

test.each([
  [
    "a claims challenge of a response",
    `const response = await fetch("https://api.example");
     const claims: string | undefined = claimsFromChallenge(response.headers.get("www-authenticate"));
     console.log(claims, claimsFromChallenge(null), claimsFromChallenge(undefined));`,
  ],
  [
    "a refusal of the provider",
    `try { await app.acquireToken({ scopes: ["User.Read"], account }); } catch (error) {
       if (!(error instanceof InteractionRequiredAuthError)) throw error;
       const { claims, errorCode }: { claims: string; errorCode: string } = error;
       console.log(claims, errorCode);
     }`,
  ],
  [
    "a user's answer in each form",
    `const flow = await app.initiateAuthCodeFlow({ scopes: [], redirectUri: "http://localhost" });
     await app.acquireTokenByAuthCodeFlow(flow, new URL("http://localhost/?code=c"));
     await app.acquireTokenByAuthCodeFlow(flow, new URLSearchParams("code=c"));
     const { account: signedIn } = await app.acquireTokenByAuthCodeFlow(flow, { code: "c" });
     if (signedIn) await app.signOut({ account: signedIn });`,
  ],
])("compiles in strict mode: %s", (_, code) => {
  const names = "claimsFromChallenge, InteractionRequiredAuthError, type AccountInfo";
  const source = `import { ConfidentialClientApplication, ${names} } from "@tessera/node";
    declare const app: ConfidentialClientApplication;
    declare const account: AccountInfo;
    ${code}
    export { claimsFromChallenge, InteractionRequiredAuthError, account };`;
  expect(errorsOf(source)).toEqual([]);
});

test.each([
  ["clientsecret", "auth", "Did you mean to write 'clientSecret'"],
  ["tenantId", "auth", "does not exist in type"],
])("the compiler objects to auth.%s", (name, section, says) => {
  const source = `import { ConfidentialClientApplication } from "@tessera/node";
    export const app = new ConfidentialClientApplication({ ${section}: { clientId: "a", ${name}: "b" } });`;
  expect(errorsOf(source).join("\n")).toContain(says);
});
