import {
  AuthError,
  ClientAuthError,
  ClientConfigurationError,
  InteractionRequiredAuthError,
  ServerError,
  type AccountInfo,
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
  requireChoice,
  sharedCall,
  tenantAuthorityOf,
  untilAborted,
  withinBounds,
  type TokenRequest,
} from "@tessera/core/internal";
import type { SignIn } from "../interactive/sign-in.js";
import { withoutBrokerFields, type MsalRequest } from "../msal/msal-request.js";
import type { InteractiveRequest, SilentFlowRequest } from "../requests.js";
import type { INativeBrokerPlugin, NativeRequest } from "./broker.js";
import { brokerAccounts, brokerResult, printableFields } from "./broker-answers.js";

/**
 * Creates sign-in through the operating system's broker.
 *
 * @param checked checks the fields common to all requests
 */
export function brokerSignIn(
  client: Client,
  broker: INativeBrokerPlugin,
  checked: <R extends MsalRequest>(request: R) => R,
): SignIn {
  const { clientId, authorities } = client;
  /** A guest's token comes from the tenant that the user is a guest of, also without a broker. */
  const tenantOf = (
    known: TokenRequest,
    account: AccountInfo | undefined,
  ): { readonly authority?: string } => {
    const url = account && tenantAuthorityOf(client, known, account);
    return url && url !== authorities.url(known.authorityUrl) ? { authority: url.href } : {};
  };
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
        const work = withOwnErrors(known, () => broker.acquireTokenInteractive(native, windowHandle));
        // A caller that cancels or times out leaves; the broker's window cannot be closed.
        return brokerResult(await untilAborted(work, signal), known.correlationId);
      });
    },
    async silently(request) {
      const known = brokerRequest(client, checked, request);
      // Without an account, the broker uses the operating system's user.
      const { account }: Partial<SilentFlowRequest> = request;
      await requireAccountOf(client, known, account);
      const forceRefresh = request.forceRefresh ?? false;
      const native = { ...nativeRequest(client, known, request), ...tenantOf(known, account), forceRefresh };
      const { correlationId, ...equal } = native;
      return sharedCall(client, known, { flow: ["broker", equal] }, async (call) => {
        const result = await withOwnErrors(call, () => broker.acquireTokenSilent(native));
        return { ...brokerResult(result, call.correlationId), correlationId };
      });
    },
    async accounts(filter) {
      requireChoice(filter);
      const correlationId = newGuid();
      const all = await withOwnErrors({ correlationId }, () =>
        broker.getAllAccounts(clientId, correlationId),
      );
      const url = filter.authority ? authorities.url(filter.authority) : undefined;
      return brokerAccounts(all)
        .filter(({ homeAccountId }) => !filter.homeAccountId || homeAccountId === filter.homeAccountId)
        .filter((account) => matches(account, filter))
        .filter((account) => !url || isOfAuthority(account, url, authorities.aliasesOf(url.host)));
    },
    async signOut({ account, correlationId = newGuid() }) {
      // Brokers have only Entra users, and another provider must not determine which of them is signed out.
      const isForeign = account?.authorityType === "Generic" || account?.authorityType === "ADFS";
      const accountId = account?.nativeAccountId;
      if (!accountId || isForeign) return;
      await withOwnErrors({ correlationId }, () => broker.signOut({ clientId, accountId, correlationId }));
    },
  };
}

/** Broker-only fields are not checked, but still distinguish calls. */
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

/** Converts errors of a plugin, which has its own copies of MSAL's error classes, to those exported here. */
async function withOwnErrors<T>(
  { correlationId }: { correlationId: string },
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    // eslint-disable-next-line no-restricted-syntax -- distinguishes copies of the class
    if (cause instanceof AuthError || !(cause instanceof Error)) throw cause;
    const { errorCode, errorMessage, subError, name, ...fields }: Partial<AuthError> = cause;
    if (typeof errorCode !== "string") throw cause;
    const Class = CLASSES.get(name ?? "") ?? AuthError;
    // Additional fields are kept, such as a claims challenge or the server's trace id.
    const [message, sub] = [errorMessage, subError].map((part) =>
      typeof part === "string" ? part : undefined,
    );
    throw Object.assign(new Class(errorCode, correlationId, message, sub), printableFields(fields), {
      cause,
      correlationId,
    });
  }
}

/** @throws ClientConfigurationError `invalid_option` */
function onlyResource({ resource = "", correlationId }: TokenRequest): string {
  if (!resource.includes(" ")) return resource;
  const text = "resource names several APIs, but a broker accepts one: use a single resource.";
  throw clientConfigurationError("invalid_option", text, { correlationId });
}

/** Builds the broker's request: the app's own fields, with defaults filled in. */
function nativeRequest(
  { clientId, library }: Client,
  checked: TokenRequest,
  request: InteractiveRequest | SilentFlowRequest,
): NativeRequest {
  const { signal: _, timeoutMs: __, resource: ___, ...fields } = request;
  const { scopes, extraParameters, extraQueryParameters } = checked;
  return {
    ...fields,
    clientId,
    authority: checked.authorityUrl,
    correlationId: checked.correlationId,
    redirectUri: request.redirectUri ?? "",
    scopes: scopes.length > 0 ? [...scopes] : [...OIDC_SCOPES],
    extraParameters: {
      ...extraQueryParameters,
      ...extraParameters,
      // Four layers: this library, and three others that are not used.
      "x-client-xtra-sku": `${library.sku}|${library.version},|,|,|`,
    },
    ...(checked.resource === undefined ? {} : { resource: onlyResource(checked) }),
    ...(request.account?.nativeAccountId ? { accountId: request.account.nativeAccountId } : {}),
  };
}
