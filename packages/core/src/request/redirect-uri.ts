import { clientConfigurationError } from "../errors/errors.js";
import { sharedUrl, shownUrl } from "../http/secure-url.js";

/** Schemes that run a script or open a file rather than return to an app. */
const UNSAFE_SCHEMES: ReadonlySet<string> = new Set(["javascript:", "data:", "vbscript:", "blob:", "file:"]);

/**
 * Checks a redirect URI (RFC 6749 §3.1.2): absolute and without a fragment. Custom schemes are allowed (RFC 8252
 * §7.1).
 *
 * @throws ClientConfigurationError `redirect_uri_empty`, `url_parse_error`
 */
export function checkedRedirectUri(value: unknown, correlationId: string, field = "redirectUri"): string {
  if (typeof value !== "string" || value === "") {
    throw clientConfigurationError(
      "redirect_uri_empty",
      `${field} is missing: pass one of the redirect URIs registered for the app.`,
      { correlationId },
    );
  }
  if (!isReturnAddress(value)) {
    throw clientConfigurationError(
      "url_parse_error",
      `${field} "${shownUrl(value)}" is not an absolute URL of a page or an app, without a fragment: pass it exactly as it is registered.`,
      { correlationId },
    );
  }
  return value;
}

function isReturnAddress(value: string): boolean {
  try {
    return !UNSAFE_SCHEMES.has(sharedUrl(value).protocol) && !value.includes("#");
  } catch {
    return false;
  }
}
