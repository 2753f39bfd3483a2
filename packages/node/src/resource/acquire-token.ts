import type { AuthenticationResult } from "@tessera/core";
import { isAuthError, untilAborted, type AssertionContext, type Budget } from "@tessera/core/internal";
import { openSystemBrowser } from "../interactive/open-browser.js";
import type { DpopProofInput } from "../requests.js";
import type { HowToAcquire, IssuerRequest } from "./issuer-application.js";
import { DEFAULT_REDIRECT_URI } from "./issuer-client.js";
import type { Issuers, ReadyIssuer } from "./issuers.js";
import type { IssuerMetadata } from "./issuer-metadata.js";
import type { KnownResource } from "./known-resource.js";
import { metadataCall } from "./metadata-client.js";
import type { ResourceOptions } from "./options.js";
import type { Resources } from "./resources.js";

/** A token for a resource. */
export interface ResourceToken {
  readonly accessToken: string;
  /** `Bearer`, or `DPoP` for a token that is sent with a proof. */
  readonly tokenType: string;
  /** When it expires. */
  readonly expiresOn: Date | null;
  /** The URL below which it may be sent. */
  readonly covers: string;
  /** Signs the proof that is sent with a DPoP token. */
  createDpopProof(request: DpopProofInput): Promise<string>;
}

/** What a token is acquired for. */
export interface Acquisition {
  readonly signal: AbortSignal | undefined;
  /** What is left to the call. */
  readonly budget: Budget;
  /** Metadata that were read earlier, in milliseconds since the epoch, are read again. */
  readonly since: number;
  /** By default those that were asked for last. */
  readonly scopes?: readonly string[] | undefined;
  /** A token that the resource has refused. */
  readonly refusedToken?: string | undefined;
}

/** Acquires a token for a resource. */
export type AcquireToken = (
  known: KnownResource,
  how: HowToAcquire,
  acquisition: Acquisition,
) => Promise<ResourceToken>;

/** Returns what acquires tokens, with the applications of the issuers. */
export function tokenAcquirer(
  options: ResourceOptions,
  issuers: Issuers,
  resources: Pick<Resources, "keep">,
): AcquireToken {
  const { grant = "user", onDeviceCode, client, assertion, acrossApps } = options;
  const openBrowser = openerOf(options.openBrowser);

  return async (known, how, { signal, budget, since, scopes = known.scopes, refusedToken }) => {
    const prepared = (forgotten?: string): Promise<ReadyIssuer> =>
      untilAborted(
        issuers.ready(
          known,
          { since, ...(forgotten === undefined ? {} : { forgotten }) },
          metadataCall({ signal, budget }),
        ),
        signal,
      );
    let ready = await prepared();
    const request: IssuerRequest = {
      scopes: [...(scopes ?? [])],
      ...ofResource(known),
      ...(refusedToken === undefined ? {} : { refusedToken }),
      ...(signal ? { signal } : {}),
    };
    let result: AuthenticationResult;
    try {
      result = await acquire(known, ready, { ...how, budget }, request);
    } catch (error) {
      const { client } = ready;
      if (client.way !== "dynamic" || !isForgotten(error)) throw error;
      ready = await prepared(client.auth.clientId);
      result = await acquire(known, ready, { ...how, budget }, request);
    }
    const { application } = ready;
    await note(known, ready, { result, scopes });
    return {
      accessToken: result.accessToken,
      tokenType: result.tokenType,
      expiresOn: result.expiresOn,
      covers: known.facts.covers,
      createDpopProof: (proof) => application.createDpopProof(proof),
    };
  };

  function acquire(
    known: KnownResource,
    ready: ReadyIssuer,
    how: HowToAcquire & Pick<Acquisition, "budget">,
    request: IssuerRequest,
  ): Promise<AuthenticationResult> {
    const { application } = ready;
    const { budget } = how;
    if (grant === "app") return application.appToken(request, budget);
    if (assertion !== undefined) {
      const fetch = (context: AssertionContext): Promise<string> => assertionFor(known, request, context);
      return application.assertionToken(request, fetch, budget);
    }
    if (acrossApps && ready.client.way === "registered" && takesIdentityAssertions(ready.metadata)) {
      const { resource = known.facts.covers } = known.facts;
      const across = { ...acrossApps, audience: known.issuer, resource };
      return application.tokenAcrossApps(request, across, budget);
    }
    return application.userToken({ ...request, ...ofUser(known, ready, request) }, how);
  }

  /** How the user is asked. */
  function ofUser(
    { account, user }: KnownResource,
    { application, metadata }: ReadyIssuer,
    { scopes }: IssuerRequest,
  ): Partial<IssuerRequest> {
    const listed = metadata["scopes_supported"];
    const isOffered =
      application.announcesFeatures && Array.isArray(listed) && listed.includes("offline_access");
    return {
      ...(account ? { account } : {}),
      ...(user === undefined ? {} : { user }),
      // A nonce is for an ID token.
      useNonce: scopes.includes("openid"),
      redirectUri: client.redirectUri ?? DEFAULT_REDIRECT_URI,
      // OpenID Connect Core §11: without it, a provider may ignore the scope.
      ...(isOffered ? { prompt: "consent" } : {}),
      ...(openBrowser ? { openBrowser } : {}),
      ...(onDeviceCode ? { onDeviceCode } : {}),
    };
  }

  async function assertionFor(
    { issuer, facts: { resource } }: KnownResource,
    { scopes }: IssuerRequest,
    context: AssertionContext,
  ): Promise<string> {
    if (typeof assertion !== "function") return assertion ?? "";
    return assertion({ ...context, issuer, ...(resource === undefined ? {} : { resource }), scopes });
  }

  /** Notes how the token was acquired, for the next one and for the next start of the program. */
  async function note(
    known: KnownResource,
    { client: { auth, way } }: ReadyIssuer,
    {
      result,
      scopes,
    }: { readonly result: AuthenticationResult; readonly scopes: readonly string[] | undefined },
  ): Promise<void> {
    const { accessToken, account, fromCache } = result;
    // A token of an earlier run has been accepted, as far as anybody knows.
    if (known.latest?.accessToken !== accessToken)
      known.latest = { accessToken, isAccepted: fromCache && known.latest === undefined };
    const { clientId } = auth;
    const user = account?.homeAccountId;
    const isKept =
      known.client?.clientId === clientId &&
      known.user === user &&
      JSON.stringify(known.scopes) === JSON.stringify(scopes);
    known.client = { clientId, way };
    if (account) Object.assign(known, { account, user });
    if (scopes) known.scopes = scopes;
    if (!isKept) await resources.keep(known);
  }
}

/** Whether an issuer no longer knows a client that it has registered: such clients may expire (RFC 7591 §5). */
function isForgotten(error: unknown): boolean {
  return (
    isAuthError(error) && (error.errorCode === "invalid_client" || error.errorCode === "unauthorized_client")
  );
}

function ofResource({ facts: { resource, wantsDpop } }: KnownResource): Partial<IssuerRequest> {
  return {
    ...(resource === undefined ? {} : { resource }),
    ...(wantsDpop ? { authenticationScheme: "DPoP" } : {}),
  };
}

/** Whether an issuer takes the word of another provider. Before the draft named its own member, the grant was listed only. */
function takesIdentityAssertions(metadata: IssuerMetadata): boolean {
  const lists = (member: string, value: string): boolean => {
    const listed = metadata[member];
    return Array.isArray(listed) && listed.includes(value);
  };
  if (metadata["authorization_grant_profiles_supported"] !== undefined)
    return lists("authorization_grant_profiles_supported", "urn:ietf:params:oauth:grant-profile:id-jag");
  return lists("grant_types_supported", "urn:ietf:params:oauth:grant-type:jwt-bearer");
}

/** One function for all calls, which only then are equal. */
function openerOf(given: ResourceOptions["openBrowser"]): ((url: string) => Promise<unknown>) | undefined {
  if (given === true) return openSystemBrowser;
  return given && (async (url) => given(url));
}
