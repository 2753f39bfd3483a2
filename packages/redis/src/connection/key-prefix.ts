/** Where the libraries keep what they put in front of every key. */
interface Prefixing {
  readonly _keyPrefix?: unknown;
  readonly options?: {
    readonly keyPrefix?: unknown;
    readonly redisOptions?: { readonly keyPrefix?: unknown };
  };
}

/** Returns what a client puts in front of every key, or an empty string. */
export function keyPrefixOf(client: object): string {
  const { _keyPrefix, options }: Prefixing = client;
  const prefix = _keyPrefix ?? (options?.keyPrefix || options?.redisOptions?.keyPrefix);
  return typeof prefix === "string" ? prefix : "";
}
