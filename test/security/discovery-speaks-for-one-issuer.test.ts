// proves: core/src/authority/document-issuer.ts, core/src/authority/issuer.ts, core/src/authority/provider-metadata.ts
// The issuer of a discovery document is the one that was asked for (OpenID Connect Discovery §4.3), whoever else is trusted.
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { peer } from "../support/both-libraries.js";
import { documentAt, worldNetwork } from "../support/world-network.js";

const clientId = "the-client";
const clientSecret = "the-secret";
const scopes = ["https://graph.microsoft.com/.default"];
const guid = "5f6f5ee1-6e21-4a5d-8ba8-3a5c3b5b4b5a";
const other = "11111111-aaaa-4aaa-8aaa-111111111111";
const documentPath = "/.well-known/openid-configuration";

type Auth = Partial<tessera.NodeAuthOptions>;
type Mode = tessera.ProtocolMode;

interface Case {
  readonly auth: Auth;
  readonly issuer: string;
  readonly mode?: Mode;
  readonly over?: object;
}

/** An app and its network, on which every document names `issuer`. */
function stage({ ConfidentialClientApplication }: typeof tessera, { auth, issuer, mode, over }: Case) {
  const networkClient = worldNetwork(({ line }) => {
    if (!line.endsWith(documentPath)) return undefined;
    return { body: documentAt(line.slice(4, -documentPath.length), { issuer, ...over }) };
  });
  const app = new ConfidentialClientApplication({
    auth: { clientId, clientSecret, ...auth },
    system: { networkClient, ...(mode ? { protocolMode: mode } : {}) },
  });
  return { app, networkClient };
}

/** How a call for an app token ends, and whether the secret has left. */
async function outcome(library: typeof tessera, row: Case): Promise<string> {
  const { app, networkClient } = stage(library, row);
  const ended = await app
    .acquireTokenByClientCredential({ scopes })
    .catch((error: tessera.AuthError) => error);
  const sent = networkClient.lines().some((line) => line.startsWith("POST"));
  if (ended instanceof Error) {
    expect(sent).toBe(false);
    const { cause } = ended;
    return cause instanceof tessera.AuthError ? cause.errorCode : ended.errorCode;
  }
  return "accepted";
}

const oidc = { authority: "https://a.example/Tenant", knownAuthorities: ["a.example", "b.example"] };
const entra = {
  authority: `https://login.entra.example/${guid}`,
  knownAuthorities: ["login.entra.example", "b.example"],
};
const domain = { ...entra, authority: "https://login.entra.example/contoso.example" };
const b2c = {
  authority: "https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_In",
  knownAuthorities: ["c.b2clogin.com", "b.example"],
};
const b2cOwn = {
  authority: `https://login.contoso.com/tfp/${guid}/B2C_1_In`,
  knownAuthorities: ["login.contoso.com", "b.example"],
};
const ciam = { authority: "https://contoso.ciamlogin.com", knownAuthorities: ["b.example"] };
const ciamById = { authority: `https://contoso.ciamlogin.com/${guid}` };
const ciamByName = { authority: "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0" };
const ciamOwn = {
  authority: `https://login.contoso.com/${guid}/v2.0`,
  knownAuthorities: ["login.contoso.com", "b.example"],
};
const ciamOwnByName = { ...ciamOwn, authority: "https://login.contoso.com/contoso.onmicrosoft.com/v2.0" };
const adfs = { authority: "https://fs.contoso.com/adfs", knownAuthorities: ["fs.contoso.com", "b.example"] };
const dsts = { authority: `https://dsts.example/dstsv2/${guid}`, knownAuthorities: ["dsts.example"] };
const local = { authority: "http://localhost:1/contoso.example" };
const us = { authority: "https://login.microsoftonline.us/tfp/contoso.example/B2C_1_In" };
const legacy = { authority: "https://login-us.microsoftonline.com/contoso.example" };

describe("the issuer that was asked for is accepted", () => {
  it.each<[string, Auth, string, Mode?]>([
    ["an OpenID Provider", oidc, "https://a.example/Tenant", "OIDC"],
    ["an OpenID Provider, with a slash", oidc, "https://a.example/Tenant/", "OIDC"],
    ["Entra on a listed host", entra, `https://login.entra.example/${guid}/v2.0`],
    ["Entra, by the placeholder", entra, "https://login.entra.example/{tenantid}/v2.0"],
    ["Entra, by the id of a domain", domain, `https://login.entra.example/${guid}/v2.0`],
    ["Entra, by the domain", domain, "https://login.entra.example/contoso.example/v2.0"],
    ["Entra v1.0", domain, `https://login.entra.example/${guid}/`],
    ["Entra on this machine", local, `http://localhost:1/${guid}/v2.0`],
    ["another name of the same cloud", us, `https://login.usgovcloudapi.net/${guid}/v2.0`],
    ["a region of the same cloud", us, `https://usgov.login.microsoftonline.us/${guid}/v2.0`],
    ["a host of a former cloud", legacy, "https://login.microsoftonline.com/{tenantid}/v2.0"],
    ["B2C", b2c, `https://c.b2clogin.com/${guid}/v2.0/`],
    ["B2C, with the policy", b2c, `https://c.b2clogin.com/tfp/${guid}/B2C_1_In/v2.0/`],
    ["B2C, as the authority", b2c, "https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_In/v2.0/"],
    ["B2C behind its own domain", b2cOwn, `https://login.contoso.com/${guid}/v2.0/`],
    [
      "B2C behind its own domain, with the policy",
      b2cOwn,
      `https://login.contoso.com/tfp/${guid}/b2c_1_in/v2.0/`,
    ],
    ["External ID", ciam, "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0"],
    ["External ID, by its host", ciam, "https://contoso.ciamlogin.com/"],
    ["External ID, by the id", ciam, `https://${guid}.ciamlogin.com/${guid}/v2.0`],
    ["External ID, by the id at its host", ciam, `https://contoso.ciamlogin.com/${guid}/v2.0`],
    ["External ID asked for by the id", ciamById, `https://${guid}.ciamlogin.com/${guid}/v2.0`],
    ["External ID behind its own domain", ciamOwn, `https://${guid}.ciamlogin.com/${guid}/v2.0`],
    [
      "External ID behind its own domain, in OIDC mode",
      ciamOwn,
      `https://${guid}.ciamlogin.com/${guid}/v2.0`,
      "OIDC",
    ],
    [
      "External ID behind its own domain, by name",
      ciamOwnByName,
      `https://${guid}.ciamlogin.com/${guid}/v2.0`,
    ],
    [
      "External ID by its name, in OIDC mode",
      ciamByName,
      `https://${guid}.ciamlogin.com/${guid}/v2.0`,
      "OIDC",
    ],
    ["AD FS", adfs, "https://fs.contoso.com/adfs"],
    ["AD FS by its trust identifier", adfs, "https://fs.contoso.com/adfs/services/trust"],
    ["dSTS", dsts, `https://dsts.example/dstsv2/${guid}/v2.0`],
    ["dSTS without version", dsts, `https://dsts.example/dstsv2/${guid}/`],
  ])("%s", async (...[, auth, issuer, mode]) => {
    expect(await outcome(tessera, { auth, issuer, ...(mode ? { mode } : {}) })).toBe("accepted");
  });
});

describe("another issuer is refused, and no secret is sent, also where its host is in knownAuthorities", () => {
  it.each<[string, Auth, string, Mode?]>([
    ["an OpenID Provider, another trusted one", oidc, "https://b.example", "OIDC"],
    ["an OpenID Provider, another of its host", oidc, "https://a.example/Other", "OIDC"],
    ["an OpenID Provider, in other letters", oidc, "https://a.example/tenant", "OIDC"],
    [
      "an OpenID Provider, an External ID of no tenant asked for",
      oidc,
      `https://${guid}.ciamlogin.com/${guid}/v2.0`,
      "OIDC",
    ],
    ["Entra, another trusted host", entra, `https://b.example/${guid}/v2.0`],
    ["Entra, another tenant", entra, `https://login.entra.example/${other}/v2.0`],
    ["Entra, another tenant by its domain", domain, "https://login.entra.example/fabrikam.example/v2.0"],
    ["a listed host in the name of Microsoft's", domain, `https://login.microsoftonline.com/${guid}/v2.0`],
    ["a listed host in the name of Microsoft's v1.0", domain, `https://sts.windows.net/${guid}/`],
    ["a listed host, another tenant of External ID", entra, `https://${other}.ciamlogin.com/${other}/v2.0`],
    ["a tenant on this machine, another port", local, `http://localhost:2/${guid}/v2.0`],
    ["another cloud", us, `https://login.microsoftonline.com/${guid}/v2.0`],
    ["B2C, another policy", b2c, `https://c.b2clogin.com/tfp/${guid}/b2c_1_other/v2.0/`],
    ["B2C, another host", b2c, `https://b.example/${guid}/v2.0/`],
    ["B2C, another tenant of its own domain", b2cOwn, `https://login.contoso.com/${other}/v2.0/`],
    ["External ID, another name", ciam, "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0"],
    [
      "External ID, another name at its host",
      ciam,
      "https://contoso.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0",
    ],
    ["External ID, host and path of two tenants", ciam, `https://${guid}.ciamlogin.com/${other}/v2.0`],
    ["External ID, another trusted host", ciam, "https://b.example/contoso.onmicrosoft.com/v2.0"],
    ["External ID by id, another id", ciamById, `https://${other}.ciamlogin.com/${other}/v2.0`],
    [
      "External ID behind its own domain, another id",
      ciamOwn,
      `https://${other}.ciamlogin.com/${other}/v2.0`,
    ],
    ["External ID behind its own domain, without version", ciamOwn, `https://${guid}.ciamlogin.com/${guid}`],
    ["External ID behind its own domain, in clear", ciamOwn, `http://${guid}.ciamlogin.com/${guid}/v2.0`],
    [
      "External ID behind its own domain, another id in OIDC mode",
      ciamOwn,
      `https://${other}.ciamlogin.com/${other}/v2.0`,
      "OIDC",
    ],
    [
      "External ID behind its own domain, by name in OIDC mode: any host could say so",
      ciamOwnByName,
      `https://${guid}.ciamlogin.com/${guid}/v2.0`,
      "OIDC",
    ],
    [
      "External ID by id, another id in OIDC mode",
      ciamById,
      `https://${other}.ciamlogin.com/${other}/v2.0`,
      "OIDC",
    ],
    [
      "External ID in OIDC mode, host and path of two tenants",
      ciamByName,
      `https://${guid}.ciamlogin.com/${other}/v2.0`,
      "OIDC",
    ],
    ["AD FS, another path", adfs, "https://fs.contoso.com/other"],
    ["AD FS, another trusted host", adfs, "https://b.example/adfs"],
    ["dSTS, another tenant", dsts, `https://dsts.example/dstsv2/${other}/v2.0`],
    ["an issuer with a query", adfs, "https://fs.contoso.com/adfs?x"],
    ["an issuer with a user name", adfs, "https://fs.contoso.com@b.example/adfs"],
    ["an issuer that is not a URL", adfs, "fs.contoso.com/adfs"],
  ])("%s", async (...[, auth, issuer, mode]) => {
    expect(await outcome(tessera, { auth, issuer, ...(mode ? { mode } : {}) })).toBe(
      "issuer_validation_failed",
    );
  });
});

it("to list one more host as trusted never widens what a document may say; the peer's does", async () => {
  const issuer = "https://b.example";
  const listed = { auth: oidc, issuer, mode: "OIDC" } as const;
  const unlisted = { ...listed, auth: { ...oidc, knownAuthorities: ["a.example"] } };
  expect([await outcome(tessera, unlisted), await outcome(tessera, listed)]).toEqual([
    "issuer_validation_failed",
    "issuer_validation_failed",
  ]);
  expect([await outcome(peer, unlisted), await outcome(peer, listed)]).toEqual([
    "endpoints_resolution_error",
    "accepted",
  ]);
});

describe("where the peer takes another issuer at its word", () => {
  it.each<[string, Auth, string]>([
    ["another path of the host", adfs, "https://fs.contoso.com/other"],
    ["another tenant of the host", entra, `https://login.entra.example/${other}/v2.0`],
    ["another cloud of Microsoft's", us, `https://login.microsoftonline.com/${guid}/v2.0`],
  ])("%s", async (_, auth, issuer) => {
    const knownAuthorities = [...(auth.knownAuthorities ?? []), "login.entra.example"];
    expect(await outcome(peer, { auth: { ...auth, knownAuthorities }, issuer })).toBe("accepted");
    expect(await outcome(tessera, { auth, issuer })).toBe("issuer_validation_failed");
  });

  it("and refuses External ID that goes by its GUID", async () => {
    const issuer = `https://${guid}.ciamlogin.com/${guid}/v2.0`;
    expect(await outcome(peer, { auth: ciam, issuer })).toBe("endpoints_resolution_error");
  });
});

describe("the ID token belongs to the issuer of the document", () => {
  const idToken = (claims: object): string => {
    const now = Math.floor(Date.now() / 1000);
    const all = { sub: "ada", aud: clientId, iat: now, exp: now + 3600, ...claims };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "RS256" })}.${part(all)}.c2ln`;
  };
  const signIn = async (auth: Auth, issuer: string, claims: object): Promise<string> => {
    const networkClient = worldNetwork(({ line }) => {
      if (line.endsWith(documentPath))
        return { body: documentAt(line.slice(4, -documentPath.length), { issuer }) };
      if (!line.startsWith("POST")) return undefined;
      return {
        body: { access_token: "t", token_type: "Bearer", expires_in: 3600, id_token: idToken(claims) },
      };
    });
    const app = new tessera.ConfidentialClientApplication({
      auth: { clientId, clientSecret, ...auth },
      system: { networkClient },
    });
    const redeemed = app.acquireTokenByCode({
      scopes: ["openid"],
      code: "the-code",
      redirectUri: "http://localhost",
    });
    return redeemed.then(() => "accepted").catch((error: tessera.AuthError) => error.errorCode);
  };
  const byId = `https://${guid}.ciamlogin.com/${guid}/v2.0`;

  it.each<[string, Auth, string, object, string]>([
    ["External ID, of its tenant", ciam, byId, { iss: byId, tid: guid }, "accepted"],
    [
      "External ID behind its own domain, of its tenant",
      ciamOwnByName,
      byId,
      { iss: byId, tid: guid },
      "accepted",
    ],
    ["External ID, of another tenant", ciam, byId, { iss: byId, tid: other }, "invalid_id_token"],
    [
      "External ID behind its own domain, of another tenant",
      ciamOwnByName,
      byId,
      { iss: byId, tid: other },
      "invalid_id_token",
    ],
    ["External ID, of no tenant", ciam, byId, { iss: byId }, "invalid_id_token"],
    ["External ID, of a tenant of another type", ciam, byId, { iss: byId, tid: [guid] }, "invalid_id_token"],
    [
      "External ID, another issuer",
      ciam,
      byId,
      { iss: `https://${other}.ciamlogin.com/${other}/v2.0`, tid: other },
      "invalid_id_token",
    ],
    [
      "a listed host, in the name of Entra v1.0",
      domain,
      `https://login.entra.example/${guid}/v2.0`,
      { iss: `https://sts.windows.net/${guid}/`, tid: guid },
      "invalid_id_token",
    ],
    [
      "B2C, without tenant",
      b2c,
      `https://c.b2clogin.com/${guid}/v2.0/`,
      { iss: `https://c.b2clogin.com/${guid}/v2.0/`, tfp: "B2C_1_In" },
      "accepted",
    ],
    ["AD FS", adfs, "https://fs.contoso.com/adfs", { iss: "https://fs.contoso.com/adfs" }, "accepted"],
  ])("%s", async (_, auth, issuer, claims, expected) => {
    expect(await signIn(auth, issuer, claims)).toBe(expected);
  });
});

describe("authorityMetadata speaks for the configured authority", () => {
  const metadata = (base: string, issuer = base) => JSON.stringify(documentAt(base, { issuer }));
  const postsOf = async (library: typeof tessera, auth: Auth, authority: string, mode?: Mode) => {
    const { app, networkClient } = stage(library, {
      auth,
      issuer: "https://unused.example",
      ...(mode ? { mode } : {}),
    });
    await app.acquireTokenByClientCredential({ scopes, authority }).catch(() => undefined);
    return networkClient.lines().filter((line) => line.startsWith("POST"));
  };

  it("and not for another issuer of the same host, whose tokens are another's", async () => {
    const auth = {
      authority: "https://a.example/one",
      authorityMetadata: metadata("https://a.example/one"),
      knownAuthorities: ["a.example"],
    };
    expect(await postsOf(tessera, auth, "https://a.example/one", "OIDC")).toEqual([
      "POST https://a.example/one/token",
    ]);
    expect(await postsOf(tessera, auth, "https://a.example/two", "OIDC")).toEqual([]);
  });

  it("and not for another host", async () => {
    const auth = {
      authority: "https://a.example/one",
      authorityMetadata: metadata("https://a.example/one"),
      knownAuthorities: ["a.example", "b.example"],
    };
    expect(await postsOf(tessera, auth, "https://b.example/one")).toEqual([]);
    expect(await postsOf(peer, auth, "https://b.example/one")).toEqual(["POST https://a.example/one/token"]);
  });

  it.each([
    ["tessera", tessera],
    ["the peer", peer],
  ] as const)(
    "for another tenant of the same Entra it leads to that tenant's endpoints: %s",
    async (_, library) => {
      const base = "https://login.airgap.example";
      for (const tenant of ["common", guid]) {
        const auth = {
          authority: `${base}/${tenant}`,
          authorityMetadata: metadata(`${base}/${tenant}/oauth2/v2.0`, `${base}/{tenantid}/v2.0`),
          knownAuthorities: ["login.airgap.example"],
        };
        expect(await postsOf(library, auth, `${base}/${other}`)).toEqual([
          `POST ${base}/${other}/oauth2/v2.0/token`,
        ]);
      }
    },
  );

  it("whose issuer may have another name: the app says so itself", async () => {
    const auth = {
      authority: "https://a.example/one",
      authorityMetadata: metadata("https://a.example/one", "https://b.example"),
      knownAuthorities: ["a.example"],
    };
    expect(await postsOf(tessera, auth, "https://a.example/one", "OIDC")).toHaveLength(1);
  });
});
