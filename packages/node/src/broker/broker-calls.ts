import {
  AuthError,
  ClientAuthError,
  ClientConfigurationError,
  InteractionRequiredAuthError,
  isOfAuthority,
  newGuid,
  OIDC_SCOPES,
  requireAccountOf,
  ServerError,
  sharedCall,
  untilAborted,
  withinBounds,
  type AccountFilter,
  type AccountInfo,
  type AuthenticationResult,
  type Client,
  type TokenRequest,
} from "@tessera/core";
import type { InteractiveRequest, SilentFlowRequest, SignOutRequest } from "../requests.js";
import type { INativeBrokerPlugin, NativeRequest } from "./broker.js";

/** Lets the broker sign a user in. A caller whose time is up leaves; a broker has no way to take its window back. */
export function signInThroughBroker(
  client: Client,
  broker: INativeBrokerPlugin,
  checked: TokenRequest,
  request: InteractiveRequest,
): Promise<AuthenticationResult> {
  return withinBounds(checked, async (signal) => {
    signal?.throwIfAborted();
    requireAccountOf(client, checked, request.account);
    const { openBrowser: _, successTemplate: __, errorTemplate: ___, ...rest } = request;
    const { windowHandle, preferredPort: ____, ...asked } = rest;
    const native = nativeRequest(client, checked, asked);
    const work = asOurs(checked, () => broker.acquireTokenInteractive(native, windowHandle));
    return signal ? untilAborted(work, signal) : work;
  });
}

/** A token from the broker without the user; equal calls that overlap share one. */
export function renewThroughBroker(
  client: Client,
  broker: INativeBrokerPlugin,
  checked: TokenRequest,
  request: SilentFlowRequest,
): Promise<AuthenticationResult> {
  const { account }: Partial<SilentFlowRequest> = request;
  requireAccountOf(client, checked, account);
  const native = { ...nativeRequest(client, checked, request), forceRefresh: request.forceRefresh ?? false };
  const { correlationId, ...equal } = native;
  // Without an account the broker takes the user of the operating system.
  const key = `broker ${account?.homeAccountId ?? ""} ${JSON.stringify(equal)}`;
  return sharedCall(client, checked, key, async (call) => {
    const result = await asOurs(call, () => broker.acquireTokenSilent(native));
    return { ...result, correlationId };
  });
}

/** The users the broker knows that fit a filter. */
export async function accountsOfBroker(
  { clientId, authorities }: Client,
  broker: INativeBrokerPlugin,
  { homeAccountId, localAccountId, username, tenantId, authority }: AccountFilter,
): Promise<AccountInfo[]> {
  const correlationId = newGuid();
  const accounts = await asOurs({ correlationId }, () => broker.getAllAccounts(clientId, correlationId));
  const url = authority ? authorities.url(authority) : undefined;
  return accounts.filter(
    (account) =>
      (!url || isOfAuthority(account, url, authorities.aliasesOf(url.host))) &&
      (!homeAccountId || account.homeAccountId === homeAccountId) &&
      (!localAccountId || account.localAccountId === localAccountId) &&
      (!username || account.username.toLowerCase() === username.toLowerCase()) &&
      (!tenantId || account.tenantId.toLowerCase() === tenantId.toLowerCase()),
  );
}

/** Signs a user out at the broker, if the account is one of its own. */
export async function signOutOfBroker(
  { clientId }: Client,
  broker: INativeBrokerPlugin,
  { account: { nativeAccountId, authorityType }, correlationId = newGuid() }: SignOutRequest,
): Promise<void> {
  // Brokers know users of Entra: another provider cannot say which of them an account is.
  if (!nativeAccountId || authorityType === "Generic" || authorityType === "ADFS") return;
  await asOurs({ correlationId }, () =>
    broker.signOut({ clientId, accountId: nativeAccountId, correlationId }),
  );
}

const CLASSES = new Map<string, new (...fields: ConstructorParameters<typeof AuthError>) => AuthError>(
  Object.entries({ ClientAuthError, ClientConfigurationError, InteractionRequiredAuthError, ServerError }),
);

/** A plugin brings copies of MSAL's error classes along: an app, and the one call, compare with those exported here. */
async function asOurs<T>({ correlationId }: { correlationId: string }, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof AuthError || !(cause instanceof Error)) throw cause;
    const { errorCode, errorMessage, subError, name, ...said }: Partial<AuthError> = cause;
    if (typeof errorCode !== "string") throw cause;
    const Class = CLASSES.get(name ?? "") ?? AuthError;
    // With it goes what else it says: a claims challenge, the server's trace id.
    throw Object.assign(new Class(errorCode, correlationId, errorMessage, subError), said, {
      cause,
      correlationId,
    });
  }
}

/** The request as the broker takes it: whatever the app said, with the defaults filled in. */
function nativeRequest(
  { clientId, library }: Client,
  checked: TokenRequest,
  request: InteractiveRequest | SilentFlowRequest,
): NativeRequest {
  const { signal: _, timeoutMs: __, ...said } = request;
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
    ...(request.account?.nativeAccountId ? { accountId: request.account.nativeAccountId } : {}),
  };
}
