import type { INativeBrokerPlugin, NativeRequest } from "@tessera/node";

/** A call to the broker. */
export interface BrokerCall {
  readonly method: keyof Omit<INativeBrokerPlugin, "isBrokerAvailable">;
  readonly args: readonly unknown[];
}

export const brokerAccount = {
  homeAccountId: "uid.utid",
  environment: "login.microsoftonline.com",
  tenantId: "utid",
  username: "alice@contoso.example",
  localAccountId: "uid",
  nativeAccountId: "native-alice",
};

export const brokerResult = {
  authority: "https://login.microsoftonline.com/contoso.example",
  uniqueId: "uid",
  tenantId: "utid",
  scopes: ["User.Read"],
  account: brokerAccount,
  idToken: "",
  idTokenClaims: {},
  accessToken: "from the broker",
  fromCache: false,
  expiresOn: null,
  tokenType: "Bearer",
  correlationId: "the broker's own",
  fromPlatformBroker: true,
};

/** A broker that notes what it is called with. */
export function fakeBroker(
  isBrokerAvailable = true,
  answers: Partial<INativeBrokerPlugin> = {},
): { readonly plugin: INativeBrokerPlugin; readonly calls: BrokerCall[] } {
  const calls: BrokerCall[] = [];
  const note =
    <A extends readonly unknown[], T>(method: BrokerCall["method"], answer: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      calls.push({ method, args });
      return answer(...args);
    };
  const tokens = async (_: NativeRequest) => ({ ...brokerResult });
  const plugin: INativeBrokerPlugin = {
    isBrokerAvailable,
    setLogger: (...args: unknown[]) => void calls.push({ method: "setLogger", args }),
    getAccountById: note("getAccountById", answers.getAccountById ?? (async () => brokerAccount)),
    getAllAccounts: note("getAllAccounts", answers.getAllAccounts ?? (async () => [brokerAccount])),
    acquireTokenSilent: note("acquireTokenSilent", answers.acquireTokenSilent ?? tokens),
    acquireTokenInteractive: note("acquireTokenInteractive", answers.acquireTokenInteractive ?? tokens),
    signOut: note("signOut", answers.signOut ?? (async () => undefined)),
  };
  return { plugin, calls };
}
