import { clientConfigurationError } from "../errors/errors.js";
import { isPrintable } from "../printable.js";

/** Whether a host is always this machine, where plain HTTP is allowed (RFC 8252 §8.3). */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

/**
 * Parses an absolute URL. In Node.js 20 and 22, `URL.canParse` rejects a URL with Latin-1 letters once V8 has optimized it.
 */
export function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** URLs that were parsed before: parsing one takes longer than any other step of a request. */
const parsed = new Map<string, URL>();

/** Maximum number of them. */
const MOST_PARSED = 100;

/**
 * Parses the URL of a request. The result is shared: do not modify it.
 *
 * @throws TypeError if it is not an absolute URL
 */
export function sharedUrl(text: string): URL {
  const known = parsed.get(text);
  if (known) return known;
  const url = new URL(text);
  // A query usually differs from request to request.
  if (url.search !== "") return url;
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(text, url);
  return url;
}

/**
 * Parses an absolute URL that requests may be sent to: `https`, or `http` on loopback.
 *
 * @param value the URL as given
 * @param field the name of the option or response member, for the message
 * @throws ClientConfigurationError `empty_url_error`, `url_parse_error`, `authority_uri_insecure`
 */
export function secureUrl(value: unknown, field: string): URL {
  if (typeof value !== "string" || value.trim() === "") {
    throw clientConfigurationError("empty_url_error", `${field} is empty: use an absolute https URL.`);
  }
  const url = parsedUrl(value);
  if (!url) {
    throw clientConfigurationError(
      "url_parse_error",
      `${field} "${shownUrl(value)}" is not a URL: use an absolute one, such as https://login.microsoftonline.com/common.`,
    );
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    throw clientConfigurationError(
      "authority_uri_insecure",
      `${field} "${shownUrl(value)}" is not https: use https (plain http is accepted for localhost only).`,
    );
  }
  return url;
}

/**
 * Parses an endpoint named by a provider's document or response. Plain `http` is accepted only when the authority
 * itself uses it: a document from the network must not direct secrets to this machine's own ports.
 *
 * @param authority URL of the authority that published the document
 * @throws ClientConfigurationError as {@link secureUrl}
 */
export function secureEndpoint(value: unknown, field: string, authority: string): URL {
  const url = secureUrl(value, field);
  if (!isPrintable(String(value))) {
    throw clientConfigurationError(
      "url_parse_error",
      `${field} "${shownUrl(url.href)}" holds control characters: the provider must publish a URL without them.`,
    );
  }
  if (url.protocol === "https:" || authority.startsWith("http:")) return url;
  throw clientConfigurationError(
    "authority_uri_insecure",
    `${field} "${shownUrl(url.href)}" is not https, but its authority ${authority} is: the provider must publish an https URL.`,
  );
}

/** Returns a URL for a message: without user name, password, query and fragment, which may hold secrets. */
export function shownUrl(value: string): string {
  return value.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//");
}

/** Returns a URL without its query, which may hold identifiers. */
export function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? "";
}
