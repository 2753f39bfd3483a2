// Whatever characters a caller passes: what is sent can be read, and is what was meant.
// proves: core/src/request/parameters.ts, core/src/http/header-value.ts, core/src/encoding.ts
import { describe, expect, it } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { recordedNetwork } from "../support/recorded-network.js";

const authority = "https://login.microsoftonline.com/contoso.example";
const scopes = ["User.Read"];
const redirectUri = "http://localhost/r";

function stage() {
  const network = recordedNetwork(({ line }) =>
    line.startsWith("GET")
      ? { body: { account_type: "Managed" } }
      : { status: 400, body: { error: "invalid_grant" } },
  );
  const auth = { clientId: "the-client", authority };
  return { network, app: new PublicClientApplication({ auth, system: { networkClient: network } }) };
}

describe("a user name and a password", () => {
  it.each([
    ["outside ASCII", "jörg@x.example", "pä", "jörg@x.example", "j%C3%B6rg@x.example"],
    [
      "outside the first plane",
      "\u{20bb7}\u{1f512}@x.example",
      "\u{1f511}",
      "\u{20bb7}\u{1f512}@x.example",
      "%F0%A0%AE%B7%F0%9F%94%92@x.example",
    ],
    ["with half a character", "a\ud842@x.example", "p\udfb7", "a\ufffd@x.example", "a%EF%BF%BD@x.example"],
    ["with a line end", "a\r\nX-Evil: 1", "p", "a\r\nX-Evil: 1", "a%0D%0AX-Evil: 1"],
  ])("%s", async (_, username, password, inForm, inHeader) => {
    const { network, app } = stage();
    const asked = app.acquireTokenByUsernamePassword({ scopes, username, password });
    await expect(asked).rejects.toMatchObject({ errorCode: "invalid_grant" });
    const [realm, token] = network.requests;
    expect(realm?.line).toContain(`/common/userrealm/${encodeURIComponent(inForm)}`);
    expect(token?.form.get("username")).toBe(inForm);
    expect(token?.form.get("password")).toBe(password.replace(/\p{Surrogate}/gu, "\ufffd"));
    expect(token?.headers["X-AnchorMailbox"]).toBe(`UPN: ${inHeader}`);
  });
});

describe("names and values of parameters", () => {
  const odd = { "a&b=c": "1&2=3", "d e": "ü", "\ud83d": "\ud83d", "#": "+" };
  const expected = { "a&b=c": "1&2=3", "d e": "ü", "\ufffd": "\ufffd", "#": "+" };

  it("in a form and in a query", async () => {
    const { network, app } = stage();
    const extra = { extraParameters: odd, extraQueryParameters: odd };
    const asked = app.acquireTokenByCode({ scopes, redirectUri, code: "C", ...extra });
    await expect(asked).rejects.toMatchObject({ errorCode: "invalid_grant" });
    const [request] = network.requests;
    expect(Object.fromEntries(request?.form ?? [])).toMatchObject(expected);
    expect(Object.fromEntries(request?.query ?? [])).toMatchObject(expected);
    expect(request?.form.has("b")).toBe(false);
  });

  it("in the URL of a sign-in", async () => {
    const url = await stage().app.getAuthCodeUrl({ scopes, redirectUri, extraQueryParameters: odd });
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject(expected);
    expect(new URL(url).hash).toBe("");
  });
});
