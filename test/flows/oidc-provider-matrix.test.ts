// What is driven end to end at `oidc-provider`, by which class of application, and in which test.
// proves: node/src/public-client-application.ts, node/src/confidential-client-application.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { root } from "../packages/workspace.js";

/** A test file, and the words of it that name the application class and what it does; or why there is none. */
type Cell = { readonly file: string; readonly says: readonly string[] } | { readonly none: string };

const file = (name: string, ...says: readonly string[]): Cell => ({ file: `test/${name}.test.ts`, says });
const none = (reason: string): Cell => ({ none: reason });

const forConfidentialClients = "only a client with a credential can authenticate there";
const endpoints = "flows/endpoints-at-oidc-provider";

const matrix: Readonly<Record<string, { readonly public: Cell; readonly confidential: Cell }>> = {
  "pushed authorization requests (RFC 9126)": {
    public: file("flows/pushed-requests", "a public client", "pushes its request when"),
    confidential: file("flows/pushed-requests", "a client with HTTP Basic", "pushes its request when"),
  },
  "signed authorization requests (RFC 9101)": {
    public: file("flows/request-objects", "a public client", "signs its request"),
    confidential: file("flows/request-objects", "a confidential client", "signs its request"),
  },
  "dynamic registration and its management (RFC 7591, RFC 7592)": {
    public: file("flows/client-registration", "so does a public one", "new PublicClientApplication"),
    confidential: file("flows/client-registration", "a confidential client that has registered"),
  },
  "signed authorization responses (JARM)": {
    public: file("flows/jwt-response", '"publicClient", "post"', "%s signs a user in"),
    confidential: file("flows/jwt-response", '"publicClient", "post"', "%s signs a user in"),
  },
  "tokens bound to a key (DPoP, RFC 9449)": {
    public: file("flows/dpop", 'kind: "public"', "a $kind client", "signs a user in: the code and the token"),
    confidential: file("flows/dpop", 'kind: "confidential"', "a $kind client", "signs a user in: the code"),
  },
  "sign-in with an ID token alone (implicit)": {
    public: file("flows/id-token-response", '"publicClient", "post"', "with a posted ID token"),
    confidential: file("flows/id-token-response", '"publicClient", "post"', "with a posted ID token"),
  },
  "mutual TLS (RFC 8705)": {
    public: none("a public client has no certificate"),
    confidential: file(
      "flows/oidc-mutual-tls",
      "signs a user in at the alias",
      "self_signed_tls_client_auth",
    ),
  },
  "introspection (RFC 7662), signed (RFC 9701)": {
    public: none(forConfidentialClients),
    confidential: file(endpoints, "a confidential client learns what a token is worth"),
  },
  "revocation (RFC 7009)": {
    public: file(endpoints, "a public client", "revokes a user's refresh token"),
    confidential: file(endpoints, "a confidential client", "revokes a user's refresh token"),
  },
  "user info, signed and encrypted": {
    public: file(endpoints, "a public client", "gets its user's claims"),
    confidential: file(endpoints, "a confidential client", "gets its user's claims"),
  },
  "encrypted ID tokens": {
    public: file(endpoints, "a public client", "id_token_encrypted_response_alg"),
    confidential: file(endpoints, "a confidential client", "id_token_encrypted_response_alg"),
  },
  "RP-initiated logout": {
    public: file("flows/end-session", "at oidc-provider", "the provider accepts the URL"),
    confidential: file("browser/web-app", "the session ends at the provider"),
  },
  "backchannel authentication (CIBA)": {
    public: none(forConfidentialClients),
    confidential: file("flows/backchannel-authentication", "ConfidentialClientApplication", "poll", "ping"),
  },
  "token exchange (RFC 8693)": {
    public: file("flows/token-exchange", "PublicClientApplication: ()", "exchanges an access token"),
    confidential: file(
      "flows/token-exchange",
      "ConfidentialClientApplication: ()",
      "exchanges an access token",
    ),
  },
  "pairwise subjects": {
    public: file("flows/oidc-pairwise", "a public client", "signs a user in under the name of its sector"),
    confidential: file("flows/oidc-pairwise", "a confidential client", "signs a user in under the name"),
  },
};

describe.each(Object.entries(matrix))("%s", (_, cells) => {
  it.each(Object.entries(cells))("by a %s client", (_class, cell) => {
    if ("none" in cell) {
      expect(cell.none).toMatch(/\w/);
      return;
    }
    const text = readFileSync(join(root, cell.file), "utf8");
    expect(text).toMatch(/start(OpenId|Secured|Endpoints)Provider\(/);
    expect(cell.says.filter((words) => !text.includes(words))).toEqual([]);
  });
});
