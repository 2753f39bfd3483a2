import {
  AuthError,
  ClientAuthError,
  ClientConfigurationError,
  InteractionRequiredAuthError,
  ServerError,
  type Client,
} from "@tessera/core";
import {
  clientConfigurationError,
  newGuid,
  OIDC_SCOPES,
  isOfAuthority,
  matches,
  requireRequest,
  tokenRequest,
  withoutNull,
  requireAccountOf,
  sharedCall,
  untilAborted,
  withinBounds,
  type TokenRequest,
} from "@tessera/core/internal";
import type { SignIn } from "../interactive/sign-in.js";
import { withoutBrokerFields, type MsalRequest } from "../msal/msal-request.js";
import type { InteractiveRequest, SilentFlowRequest } from "../requests.js";
import type { INativeBrokerPlugin, NativeRequest } from "./broker.js";
import { brokerAccounts, brokerResult, saidByBroker } from "./broker-answers.js";

/**
 * Sign-in through the operating system's broker.
 *
 * @param checked checks the fields of a request that every request has
 */
export function brokerSignIn(
  client: Client,
  broker: INativeBrokerPlugin,
  checked: <R extends MsalRequest>(request: R) => R,
): SignIn {
  const { clientId, authorities } = client;
  return {
    needsNoBrowser: true,
    interactively(request) {
      const known = brokerRequest(client, checked, request);
      return withinBounds(known, async (signal) => {
        signal?.throwIfAborted();
        await requireAccountOf(client, known, request.account);
        const { openBrowser: _, successTemplate: __, errorTemplate: ___, ...rest } = request;
        const { windowHandle, preferredPort: ____, ...asked } = rest;
        const native = nativeRequest(client, known, asked);
        const work = asOurs(known, () => broker.acquireTokenInteractive(native, windowHandle));
        // A caller whose time is up leaves; a broker has no way to take its window back.
        return brokerResult(await (signal ? untilAborted(work, signal) : work), known.correlationId);
      });
    },
    async silently(request) {
      const known = brokerRequest(client, checked, request);
      // Without an account the broker takes the user of the operating system.
      const { account }: Partial<SilentFlowRequest> = request;
      await requireAccountOf(client, known, account);
      const forceRefresh = request.forceRefresh ?? false;
      const native = { ...nativeRequest(client, known, request), forceRefresh };
      const { correlationId, ...equal } = native;
      return sharedCall(client, known, ["broker", equal], async (call) => {
        const result = await asOurs(call, () => broker.acquireTokenSilent(native));
        return { ...brokerResult(result, call.correlationId), correlationId };
      });
    },
    async accounts(filter) {
      const correlationId = newGuid();
      const all = await asOurs({ correlationId }, () => broker.getAllAccounts(clientId, correlationId));
      const url = filter.authority ? authorities.url(filter.authority) : undefined;
      return brokerAccounts(all)
        .filter(({ homeAccountId }) => !filter.homeAccountId || homeAccountId === filter.homeAccountId)
        .filter((account) => matches(account, filter))
        .filter((account) => !url || isOfAuthority(account, url, authorities.aliasesOf(url.host)));
    },
    async signOut({ account, correlationId = newGuid() }) {
      // Brokers know users of Entra: another provider cannot say which of them an account is.
      const isForeign = account?.authorityType === "Generic" || account?.authorityType === "ADFS";
      const accountId = account?.nativeAccountId;
      if (!accountId || isForeign) return;
      await asOurs({ correlationId }, () => broker.signOut({ clientId, accountId, correlationId }));
    },
  };
}

/** Only the broker understands some fields: they are not checked, and still distinguish calls. */
function brokerRequest(
  client: Client,
  checked: <Q extends MsalRequest>(request: Q) => Q,
  request: MsalRequest,
): TokenRequest {
  requireRequest(request);
  const known = tokenRequest(client, checked(withoutBrokerFields(request)));
  return { ...known, given: { ...(withoutNull(request) as object) } };
}

const CLASSES = new Map<string, new (...fields: ConstructorParameters<typeof AuthError>) => AuthError>(
  Object.entries({ ClientAuthError, ClientConfigurationError, InteractionRequiredAuthError, ServerError }),
);

/** A plugin brings copies of MSAL's error classes along: an app, and the one call, compare with those exported here. */
async function asOurs<T>({ correlationId }: { correlationId: string }, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    // eslint-disable-next-line no-restricted-syntax -- it is asked of which copy it is
    if (cause instanceof AuthError || !(cause instanceof Error)) throw cause;
    const { errorCode, errorMessage, subError, name, ...said }: Partial<AuthError> = cause;
    if (typeof errorCode !== "string") throw cause;
    const Class = CLASSES.get(name ?? "") ?? AuthError;
    // With it goes what else it says: a claims challenge, the server's trace id.
    const [message, sub] = [errorMessage, subError].map((part) =>
      typeof part === "string" ? part : undefined,
    );
    throw Object.assign(new Class(errorCode, correlationId, message, sub), saidByBroker(said), {
      cause,
      correlationId,
    });
  }
}

/** @throws ClientConfigurationError `invalid_option` */
function onlyResource({ resource = "", correlationId }: TokenRequest): string {
  if (!resource.includes(" ")) return resource;
  const text = "resource names several: a broker is asked for one at a time.";
  throw clientConfigurationError("invalid_option", text, { correlationId });
}

/** The request as the broker takes it: the app's own fields, with the defaults filled in. */
function nativeRequest(
  { clientId, library }: Client,
  checked: TokenRequest,
  request: InteractiveRequest | SilentFlowRequest,
): NativeRequest {
  const { signal: _, timeoutMs: __, resource: ___, ...said } = request;
  const { scopes, extraParameters, extraQueryParameters } = checked;
  return {
    ...said,
    clientId,
    authority: checked.authorityUrl,
    correlationId: checked.correlationId,
    redirectUri: request.redirectUri ?? "",
    scopes: scopes.length > 0 ? [...scopes] : [...OIDC_SCOPES],
    extraParameters: {
      ...extraQueryParameters,
      ...extraParameters,
      // Four places: the library's, and three of other layers that are not there.
      "x-client-xtra-sku": `${library.sku}|${library.version},|,|,|`,
    },
    ...(checked.resource === undefined ? {} : { resource: onlyResource(checked) }),
    ...(request.account?.nativeAccountId ? { accountId: request.account.nativeAccountId } : {}),
  };
}
