/** The places where the libraries keep the prefix that they add to every key. */
interface Prefixing {
  readonly _keyPrefix?: unknown;
  readonly options?: {
    readonly keyPrefix?: unknown;
    readonly redisOptions?: { readonly keyPrefix?: unknown };
  };
}

/** Returns the prefix that a client adds to every key, or an empty string. */
export function keyPrefixOf(client: object): string {
  const { _keyPrefix, options }: Prefixing = client;
  const prefix = _keyPrefix ?? (options?.keyPrefix || options?.redisOptions?.keyPrefix);
  return typeof prefix === "string" ? prefix : "";
}
