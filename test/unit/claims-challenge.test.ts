// RFC 9110 §11.6.1, on the headers that APIs really send and on those that nobody should.
// proves: core/src/request/claims-challenge.ts
import { describe, expect, it } from "@jest/globals";
import { claimsFromChallenge, parseAuthenticationChallenges } from "@tessera/node";
import fc from "fast-check";
import { growth, MOST_GROWTH } from "../support/growth.js";

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const wide = '{"a":"??>>~~ü"}';
const base64 = (text: string) => Buffer.from(text).toString("base64");
const base64url = (text: string) => Buffer.from(text).toString("base64url");
const bearer = (parameters: Readonly<Record<string, string>>) => ({ scheme: "bearer", parameters });

describe("a WWW-Authenticate header", () => {
  it.each<[string, string, object[]]>([
    ["nothing", "", []],
    ["a scheme alone", "Bearer", [bearer({})]],
    ["a scheme in any case", "bEARER realm=x", [bearer({ realm: "x" })]],
    ["a quoted string", 'Bearer realm="a, b=c"', [bearer({ realm: "a, b=c" })]],
    ["an empty quoted string", 'Bearer realm=""', [bearer({ realm: "" })]],
    ["escapes", String.raw`Bearer realm="say \"a\\b\", \c"`, [bearer({ realm: 'say "a\\b", c' })]],
    ["names in any case", 'Bearer REALM="X", Error=y', [bearer({ realm: "X", error: "y" })]],
    ["odd spaces", 'Bearer  realm \t=\t"x" ,\t, error = y ,', [bearer({ realm: "x", error: "y" })]],
    ["empty list elements", ', ,Bearer realm="x",,, error=y', [bearer({ realm: "x", error: "y" })]],
    [
      "several challenges",
      'Basic realm="a", Bearer realm="b", error="e", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        { scheme: "basic", parameters: { realm: "a" } },
        bearer({ realm: "b", error: "e" }),
        { scheme: "newauth", parameters: { realm: "apps", type: "1", title: 'Login to "apps"' } },
      ],
    ],
    [
      "several without parameters",
      "Negotiate, NTLM,Bearer",
      [{ scheme: "negotiate", parameters: {} }, { scheme: "ntlm", parameters: {} }, bearer({})],
    ],
    [
      "token68",
      "Negotiate YII/aB+c-._~==, Bearer realm=x",
      [{ scheme: "negotiate", token68: "YII/aB+c-._~==", parameters: {} }, bearer({ realm: "x" })],
    ],
    ["a parameter that only looks like token68", "Bearer abc=def", [bearer({ abc: "def" })]],
    ["a parameter before any scheme", "realm=x, Bearer", []],
    ["a quoted string that does not end", 'Bearer realm="x', [bearer({})]],
    ["a value that is none", "Bearer realm=x, error=(", [bearer({ realm: "x" })]],
    ["a name of the prototype", "Bearer constructor=x", [bearer({ constructor: "x" })]],
  ])("with %s", (_, header, challenges) => {
    expect(parseAuthenticationChallenges(header)).toEqual(challenges);
  });

  it("comes back as it was written, whatever the values hold", () => {
    const names = fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/).filter((name) => name !== "__proto__");
    // RFC 9110 §5.6.4: qdtext and quoted pairs.
    const values = fc.string({ unit: fc.constantFrom(..." \t!\"\\,;=ab{}:'üz") });
    const challenge = fc.record({ scheme: names, parameters: fc.dictionary(names, values, { minKeys: 1 }) });
    const quoted = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
    fc.assert(
      fc.property(fc.array(challenge), (challenges) => {
        const header = challenges
          .map(({ scheme, parameters }) => {
            const list = Object.entries(parameters).map(([name, value]) => `${name}=${quoted(value)}`);
            return `${scheme} ${list.join(", ")}`;
          })
          .join(", ");
        const read = parseAuthenticationChallenges(header).map(({ scheme, parameters }) => ({
          scheme,
          parameters: { ...parameters },
        }));
        expect(read).toEqual(challenges.map((one) => ({ ...one, parameters: { ...one.parameters } })));
      }),
    );
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void claimsFromChallenge(text)));
  });

  it.each(['a="', "a ,", 'Bearer a="\\', " ", "=", "a="])(
    "takes time in proportion to the header, also for %j over and over",
    async (part) => {
      expect(await growth((times) => claimsFromChallenge(part.repeat(times)), 4000)).toBeLessThan(
        MOST_GROWTH,
      );
    },
  );
});

describe("the claims to request", () => {
  const cae = (value: string) =>
    `Bearer realm="", authorization_uri="https://login.example/oauth2/authorize", error="insufficient_claims", claims="${value}"`;
  it.each<[string, string, string | undefined]>([
    ["base64", cae(base64(claims)), claims],
    ["base64url", cae(base64url(wide)), wide],
    ["base64 with + and /", cae(base64(wide)), wide],
    [
      "base64 without quotes and padding",
      `Bearer claims=${base64url(claims)}, error=insufficient_claims`,
      claims,
    ],
    ["JSON as it is", cae(claims.replace(/"/g, '\\"')), claims],
    ["the second challenge", `Basic realm="claims", ${cae(base64(claims))}`, claims],
    ["the first that has some", `Bearer claims="", ${cae(base64(claims))}`, claims],
    ["none", 'Bearer error="invalid_token"', undefined],
    ["no Bearer", `PoP claims="${base64(claims)}"`, undefined],
    ["garbage", cae("%%%"), undefined],
    ["base64 of garbage", cae(base64("not json")), undefined],
    ["base64 of an array", cae(base64("[1]")), undefined],
    ["base64 of null", cae(base64("null")), undefined],
    ["nothing at all", "", undefined],
  ])("from %s", (_, header, expected) => {
    expect(claimsFromChallenge(header)).toBe(expected);
  });
});
