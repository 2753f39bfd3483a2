import { clientConfigurationError } from "../errors/errors.js";
import { isPrintable } from "../printable.js";

/** True for hosts that never leave the machine: plain HTTP is allowed there (RFC 8252 §8.3). */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

/**
 * Parses an absolute URL that may be spoken to: `https`, or `http` on loopback.
 *
 * @param value the URL as given
 * @param field the name of the option or response member, for the message
 * @throws ClientConfigurationError `empty_url_error`, `url_parse_error`, `authority_uri_insecure`
 */
export function secureUrl(value: unknown, field: string): URL {
  if (typeof value !== "string" || value.trim() === "") {
    throw clientConfigurationError("empty_url_error", `${field} is empty: give an absolute https URL.`);
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url) {
    throw clientConfigurationError(
      "url_parse_error",
      `${field} "${shownUrl(value)}" is not a URL: give an absolute one, such as https://login.microsoftonline.com/common.`,
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
 * Parses an endpoint that a provider's document or answer names. Plain http is for who is spoken to in clear himself: a document from
 * the network must not send secrets to this machine's own ports.
 *
 * @param authority URL of the authority the document is of
 * @throws ClientConfigurationError as {@link secureUrl}
 */
export function secureEndpoint(value: unknown, field: string, authority: string): URL {
  const url = secureUrl(value, field);
  if (!isPrintable(String(value))) {
    throw clientConfigurationError(
      "url_parse_error",
      `${field} "${shownUrl(url.href)}" holds control characters: the provider has to publish a URL without them.`,
    );
  }
  if (url.protocol === "https:" || authority.startsWith("http:")) return url;
  throw clientConfigurationError(
    "authority_uri_insecure",
    `${field} "${shownUrl(url.href)}" is not https, as its authority ${authority} is: the provider has to publish an https URL.`,
  );
}

/** A URL as a message shows it: without user name, password, query and fragment, which may hold secrets. */
export function shownUrl(value: string): string {
  return value.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//");
}
