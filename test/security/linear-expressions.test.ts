// proves: core/src/request/claims-challenge.ts, core/src/cache/schema/document.ts,
// core/src/credential/certificate.ts, core/src/http/throttle.ts, core/src/http/secure-url.ts
// What comes from outside is read in time proportional to its length: no text makes a regular expression start over.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  ConfidentialClientApplication,
  parseAuthenticationChallenges,
  PublicClientApplication,
} from "@tessera/node";
import ts from "typescript";
import { packages, root, sources } from "../packages/workspace.js";
import { makeCertificate } from "../support/certificates.js";
import { growth, MOST_GROWTH } from "../support/growth.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { isFull } from "../support/sample.js";

/** The regular expressions in the sources. */
const expressions = packages.flatMap(sources).flatMap((file) => {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: (readonly [where: string, text: string])[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node) && /[+*]|,\}/.test(node.text))
      found.push([relative(root, file), node.text]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
});

/**
 * Texts to repeat: each character the expression speaks of, alone, in a third of the pairs (all with `TABLES=all`), and the
 * words in it.
 */
function pumps(expression: string): readonly string[] {
  const characters = [...new Set(["a", "0", " ", "\n", ...expression.replace(/\\[a-z]/gi, "")])].slice(0, 24);
  const words = expression.match(/[A-Za-z-][A-Za-z -]{2,}/g) ?? [];
  const pairs = characters.flatMap((one, row) =>
    characters
      .filter((_, column) => isFull || row === column || (row + column) % 3 === 0)
      .map((two) => one + two),
  );
  return [...pairs, ...words];
}

test("there are expressions to look at", () => {
  expect(expressions.length).toBeGreaterThan(8);
});

test.each(expressions)("%s: %s reads no text more than a few times", async (_, literal) => {
  const end = literal.lastIndexOf("/");
  const pattern = new RegExp(literal.slice(1, end), literal.slice(end + 1));
  for (const pump of pumps(literal)) {
    const work = (size: number) => {
      const text = pump.repeat(size / pump.length);
      for (const tail of ["", "\u0000", `\u0000${pump}`]) `${text}${tail}`.replace(pattern, "");
    };
    expect({ pump, grows: (await growth(work, 2048)) < MOST_GROWTH }).toEqual({ pump, grows: true });
  }
});

describe("a challenge of a resource", () => {
  const parts = [
    "a",
    "a ",
    "a=",
    'a="',
    'a="b"',
    'a="b",',
    "\\",
    '"\\',
    ",",
    " ",
    "=",
    "a b",
    "a,b=c",
    "a\t=",
  ];
  test.each(parts)("of many %j", async (part) => {
    const work = (size: number) => {
      for (const start of ["", "Bearer ", 'Bearer a="'])
        parseAuthenticationChallenges(start + part.repeat(size / part.length));
    };
    expect(await growth(work, 8192)).toBeLessThan(MOST_GROWTH);
  });
});

describe("an app's own texts", () => {
  const authority = "https://login.microsoftonline.com/contoso.example";
  const networkClient = recordedNetwork(() => undefined);
  const ignored = (work: () => unknown): void => {
    try {
      work();
    } catch {
      // What it says is another test's.
    }
  };

  test("a cache with hashes of nothing but padding", async () => {
    const work = (size: number) => {
      const token = {
        home_account_id: "uid.utid",
        environment: "login.windows.net",
        credential_type: "AccessToken",
        client_id: "the-client",
        secret: "token",
        realm: "utid",
        target: "User.Read",
        cached_at: "1",
        expires_on: "9999999999",
        userAssertionHash: `${"=".repeat(size)}x`,
      };
      const app = new PublicClientApplication({
        auth: { clientId: "the-client", authority },
        system: { networkClient },
      });
      ignored(() => app.getTokenCache().deserialize(JSON.stringify({ AccessToken: { key: token } })));
    };
    expect(await growth(work, 8192)).toBeLessThan(MOST_GROWTH);
  });

  const { privateKeyPem: privateKey } = makeCertificate({ subject: "own", keyType: "ec" });
  test.each(["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----", "-----BEGIN ", "-"])(
    "a certificate of many %s",
    async (part) => {
      const work = (size: number) => {
        const clientCertificate = { privateKey, publicCertificate: part.repeat(size / part.length) };
        const auth = { clientId: "the-client", authority, clientCertificate };
        ignored(() => new ConfidentialClientApplication({ auth, system: { networkClient } }));
      };
      expect(await growth(work, 65_536)).toBeLessThan(MOST_GROWTH);
    },
  );

  test.each(["/", "//", "@", "?", "#", "//@", "a.", ":"])("an authority of many %s", async (part) => {
    const work = (size: number) => {
      for (const start of ["https://login.example/", "http://", ""]) {
        const auth = { clientId: "the-client", authority: start + part.repeat(size / part.length) };
        ignored(() => new PublicClientApplication({ auth, system: { networkClient } }));
      }
    };
    expect(await growth(work, 8192)).toBeLessThan(MOST_GROWTH);
  });
});

test("many scopes in a token response", async () => {
  const work = async (size: number) => {
    const scope = Array.from({ length: size / 8 }, (_, index) => `s${index}`).join(" ");
    const network = recordedNetwork(() => ({
      body: { token_type: "Bearer", access_token: "token", expires_in: 3600, scope },
    }));
    const auth = {
      clientId: "the-client",
      clientSecret: "the-secret",
      authority: "https://login.microsoftonline.com/contoso.example",
    };
    const app = new ConfidentialClientApplication({ auth, system: { networkClient: network } });
    await app.acquireTokenByClientCredential({ scopes: ["https://api.example/.default"] });
  };
  expect(await growth(work, 8192)).toBeLessThan(MOST_GROWTH);
});
