import { createHash } from "node:crypto";
import { expect } from "@jest/globals";
import type {
  AuthCodeFlowRequest,
  AuthenticationResult,
  ConfidentialClientApplication,
  NodeAuthOptions,
  PublicClientApplication,
} from "@tessera/node";
import {
  clientId,
  code,
  jwk,
  keys,
  secrets,
  sign,
  type FakeProvider,
  type FakeRequest,
  type IdTokenOptions,
  type Respond,
} from "../support/fake-provider.js";
import { decodeJwt, type JWTPayload } from "jose";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import type { TlsFront } from "../support/tls-front.js";
import type { Variant } from "./plans.js";
import { algorithmOf, documentOf, keysOf, parametersOf, registrationOf, requestOf } from "./settings.js";

/** An ID token that the provider issues, good or bad. */
export interface IssuedIdToken extends IdTokenOptions {
  /** Spoils the finished token. */
  readonly spoil?: (idToken: string) => string;
}

type Parameters = Readonly<Record<string, string>>;

/** What the provider does other than a good one. */
export interface Script {
  /** Laid over the discovery document. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** The keys of the key set, as they are now. */
  readonly keys?: () => readonly unknown[];
  /** The ID token that comes through the browser. */
  readonly front?: IssuedIdToken;
  /** The ID token of the token endpoint. */
  readonly back?: IssuedIdToken;
  /** The JWT of the response (JARM). */
  readonly jarm?: IssuedIdToken;
  /** Spoils the parameters that the browser brings back. */
  readonly response?: (parameters: Parameters) => Parameters;
  /** Laid over the token response. */
  readonly tokens?: Readonly<Record<string, unknown>>;
  readonly userInfo?: Respond;
  /** The token endpoint wants no nonce of its own in proofs (RFC 9449 §8). */
  readonly noNonce?: true;
  /** How the client is registered, beyond what the variant says. */
  readonly auth?: Partial<NodeAuthOptions>;
  readonly request?: Partial<AuthCodeFlowRequest>;
}

/** The provider, and what stands in front of it for TLS with client certificates. */
export interface Stage {
  readonly provider: FakeProvider;
  readonly front: TlsFront;
}

type Application = ConfidentialClientApplication | PublicClientApplication;

/** A relying party that plays one module: signs a user in at a scripted provider, as the variant says. */
export interface RelyingParty extends Stage {
  readonly variant: Variant;
  /** The application of the last sign-in. */
  readonly app: Application;
  /** The parameters of the last authorization request. */
  readonly asked: Parameters;
  /** The part of a request that asks for bound tokens, if they are bound by DPoP. */
  readonly bound: { readonly authenticationScheme?: "DPoP" };
  /** What is laid over each token response from here on. */
  answerToken(tokens: (request: FakeRequest) => object): void;
  /** A sign-in with a new application, unless `again` says otherwise. */
  signIn(script?: Script & { readonly again?: true }): Promise<AuthenticationResult>;
}

export const redirectUri = "https://app.example/signed-in";
export const scopes = ["openid", "profile", "email"];

export function relyingParty(stage: Stage, variant: Variant): RelyingParty {
  const { provider } = stage;
  let app: Application | undefined;
  let asked: Parameters = {};
  const bound = variant.senderConstrain === "dpop" ? { authenticationScheme: "DPoP" as const } : {};
  let wantsNonce = false;
  const answerToken: RelyingParty["answerToken"] = (tokens) => {
    provider.answers.token = (request) =>
      wantsNonce && proofIn(request)?.["nonce"] !== NONCE
        ? { status: 400, headers: { "dpop-nonce": NONCE }, body: { error: "use_dpop_nonce" } }
        : {
            body: provider.tokens({
              token_type: bound.authenticationScheme ?? "Bearer",
              ...tokens(request),
            }),
          };
  };
  return {
    ...stage,
    variant,
    bound,
    answerToken,
    get app() {
      return (app ??= application(stage, variant, {}));
    },
    get asked() {
      return asked;
    },
    signIn: async ({ again, ...script } = {}) => {
      if (!again || !app) app = application(stage, variant, script);
      provider.answers.discovery = () => ({
        body: provider.metadata({ ...documentOf(stage, variant), ...script.metadata }),
      });
      const published = script.keys ?? (() => keysOf(variant));
      provider.answers.keys = () => ({ body: { keys: published() } });
      if (script.userInfo) provider.answers.userinfo = script.userInfo;
      const flow = await app.initiateAuthCodeFlow({
        scopes,
        redirectUri,
        ...requestOf(variant),
        ...bound,
        ...script.request,
      });
      const pushed = provider.requests.filter(({ path }) => path === "/par").at(-1);
      asked = parametersOf(flow.authUrl, pushed);
      wantsNonce = variant.senderConstrain === "dpop" && !script.noNonce;
      answerToken(() => ({ id_token: issued(script.back ?? {}), ...script.tokens }));
      const response = script.response ?? ((parameters) => parameters);
      const answer = response(authorized(script.front ?? {}));
      const isJwt = variant.responseMode === "jwt";
      return app.acquireTokenByAuthCodeFlow(flow, isJwt ? { response: signed(answer, script.jarm) } : answer);
    },
  };

  /** What a good provider sends to the redirect URI. */
  function authorized(front: IssuedIdToken): Parameters {
    const { state = "", response_type: type = "" } = asked;
    const wanted = type.split(" ");
    const withCode = wanted.includes("code");
    return {
      state,
      ...(variant.profile && variant.responseMode !== "jwt" ? { iss: provider.url } : {}),
      ...(withCode ? { code } : {}),
      ...(wanted.includes("id_token")
        ? {
            id_token: issued({
              ...front,
              claims: { ...(withCode ? { c_hash: halfHash(code) } : {}), ...front.claims },
            }),
          }
        : {}),
    };
  }

  function issued({ claims, header, spoil = (idToken) => idToken, ...options }: IssuedIdToken): string {
    return spoil(
      provider.idToken({
        ...options,
        header: { alg: algorithmOf(variant), ...header },
        claims: { nonce: asked["nonce"], ...claims },
      }),
    );
  }

  /** The response as a JWT (JARM). */
  function signed(
    parameters: Parameters,
    { claims, header, key, spoil = (jwt) => jwt }: IssuedIdToken = {},
  ): string {
    const exp = Math.floor(provider.clock.now() / 1000) + 300;
    const all = { iss: provider.url, aud: clientId, exp, ...parameters, ...claims };
    return spoil(sign(all, { alg: algorithmOf(variant), kid: "one", ...header }, key));
  }
}

/** What the provider wants in proofs of possession. */
export const NONCE = "a-nonce-of-the-server";

/** The claims of the proof of possession in a request (RFC 9449 §4.2). */
export function proofIn({ headers }: FakeRequest): JWTPayload | undefined {
  const { dpop } = headers;
  return typeof dpop === "string" ? decodeJwt(dpop) : undefined;
}

/** The key that good ID tokens are signed with, as it is published. */
export const one = jwk(keys.one, { kid: "one", alg: "RS256" });

function application({ provider, front }: Stage, variant: Variant, { auth = {} }: Script): Application {
  const { clientMetadata, ...registered } = registrationOf(variant);
  const over = { ...registered, ...auth, clientMetadata: { ...clientMetadata, ...auth.clientMetadata } };
  const options = { auth: over, system: { ca: front.ca } };
  return variant.clientAuth === "none" ? provider.publicClient(options) : provider.confidential(options);
}

/** Left half of a SHA-256 hash, as in `c_hash` and `at_hash` of RS256 tokens. */
export function halfHash(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
}

/** Where ID tokens come from in a variant. */
export function channelsOf({ responseType }: Variant): readonly ("front" | "back")[] {
  const types = responseType.split(" ");
  return [
    ...(types.includes("id_token") ? (["front"] as const) : []),
    ...(types.includes("code") ? (["back"] as const) : []),
  ];
}

/** The promise of every refusal: an error that says why, and nothing kept. */
export async function expectRefused(
  rp: RelyingParty,
  script: Script,
  { says, sendsCode = false }: { readonly says: RegExp; readonly sendsCode?: boolean },
): Promise<void> {
  rp.provider.reset();
  const error: unknown = await rp.signIn(script).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "ClientAuthError", errorMessage: expect.stringMatching(says) });
  expectNoSecretIn(error, secrets);
  await expectNothingKept(rp.app);
  expect(rp.provider.count("token") > 0).toBe(sendsCode);
}
