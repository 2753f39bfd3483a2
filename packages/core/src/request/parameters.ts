import { percentEncode } from "../encoding.js";

/** Request parameters, in the order they are sent. A later value replaces an earlier one of the same name. */
export class Parameters {
  readonly #values = new Map<string, readonly string[]>();

  /** Sets a parameter; `undefined`, `null` and `""` are ignored. */
  set(name: string, value: string | number | null | undefined): this {
    if (value !== undefined && value !== null && value !== "") this.#values.set(name, [String(value)]);
    return this;
  }

  /** Sets a parameter that may be sent several times (RFC 8707 §2), once for each value. */
  setEach(name: string, values: readonly string[] | undefined): this {
    if (values && values.length > 0) this.#values.set(name, values);
    return this;
  }

  /** The first value of a parameter. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** Every parameter with its values. */
  entries(): Iterable<readonly [string, readonly string[]]> {
    return this.#values.entries();
  }

  /** Sets every parameter that is not set yet: the caller's extra parameters never replace the protocol's own. */
  addMissing(extra: Readonly<Record<string, string>> | undefined): this {
    for (const [name, value] of Object.entries(extra ?? {})) {
      if (this.#values.has(name)) continue;
      const given: unknown = value;
      if (Array.isArray(given)) this.setEach(name, given.map(String));
      else this.set(name, value);
    }
    return this;
  }

  /** Copies all parameters from another list. */
  setAll(other: Parameters): this {
    for (const [name, values] of other.#values) this.#values.set(name, values);
    return this;
  }

  /** Encodes as `application/x-www-form-urlencoded`, with `%20` for a space, as MSAL does. */
  toString(): string {
    return [...this.#values]
      .flatMap(([name, values]) => values.map((value) => `${percentEncode(name)}=${percentEncode(value)}`))
      .join("&");
  }
}

/** Appends a query string to a URL, which may already have one. */
export function withQuery(url: string, query: string): string {
  if (query === "") return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}
