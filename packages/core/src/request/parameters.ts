import { percentEncode } from "../encoding.js";

/** Request parameters, in the order they are sent. A later value replaces an earlier one of the same name. */
export class Parameters {
  // Two lists rather than a map: there are few, and a token request makes half a dozen of these.
  readonly #names: string[] = [];
  readonly #values: (string | readonly string[])[] = [];

  /** Sets a parameter; `undefined`, `null` and `""` are ignored. */
  set(name: string, value: string | number | null | undefined): this {
    if (value !== undefined && value !== null && value !== "") this.#put(name, String(value));
    return this;
  }

  /** Sets a parameter that may be sent several times (RFC 8707 §2), once for each value. */
  setEach(name: string, values: readonly string[] | undefined): this {
    if (values && values.length > 0) this.#put(name, values);
    return this;
  }

  /** The first value of a parameter. */
  get(name: string): string | undefined {
    const value = this.#values[this.#names.indexOf(name)];
    return typeof value === "string" ? value : value?.[0];
  }

  /** Every parameter with its values. */
  entries(): readonly (readonly [string, readonly string[]])[] {
    return this.#values.map((value, at) => [
      this.#names[at] ?? "",
      typeof value === "string" ? [value] : value,
    ]);
  }

  /** Sets every parameter that is not set yet: the caller's extra parameters never replace the protocol's own. */
  addMissing(extra: Readonly<Record<string, string>> | undefined): this {
    for (const name of Object.keys(extra ?? {})) {
      if (this.#names.includes(name)) continue;
      const given: unknown = extra?.[name];
      if (Array.isArray(given)) this.setEach(name, given.map(String));
      else this.set(name, extra?.[name]);
    }
    return this;
  }

  /** Copies all parameters from another list. */
  setAll(other: Parameters): this {
    for (const [at, value] of other.#values.entries()) this.#put(other.#names[at] ?? "", value);
    return this;
  }

  /** Encodes as `application/x-www-form-urlencoded`, with `%20` for a space, as MSAL does. */
  toString(): string {
    let text = "";
    for (const [name, values] of this.entries())
      for (const value of values)
        text += `${text === "" ? "" : "&"}${percentEncode(name)}=${percentEncode(value)}`;
    return text;
  }

  #put(name: string, value: string | readonly string[]): void {
    const at = this.#names.indexOf(name);
    if (at < 0) {
      this.#names.push(name);
      this.#values.push(value);
    } else this.#values[at] = value;
  }
}

/** Appends a query string to a URL, which may already have one. */
export function withQuery(url: string, query: string): string {
  if (query === "") return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}
