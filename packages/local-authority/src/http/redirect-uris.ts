import { absoluteUrl } from "./absolute-url.js";

/**
 * Whether a redirect URI is registered. URIs are compared exactly (RFC 9700 §2.1), with two exceptions: the port of a
 * loopback address is ignored (RFC 8252 §7.3), and a registration that ends with `/*` matches every path below it.
 */
export function isRegistered(redirectUri: string, registrations: readonly string[]): boolean {
  if (!absoluteUrl(redirectUri) || redirectUri.includes("#")) return false;
  return registrations.some((registration) =>
    registration.endsWith("/*")
      ? (withoutPort(redirectUri) ?? redirectUri).startsWith(registration.slice(0, -1))
      : redirectUri === registration || matchesLoopback(redirectUri, registration),
  );
}

/** Whether a registered redirect URI has this origin (RFC 6454). The port of a loopback address is ignored here as well. */
export function isRegisteredOrigin(origin: string, registrations: readonly string[]): boolean {
  // The origin of a sandboxed page is `null`, which is not a URL; custom schemes have no origin.
  if (absoluteUrl(origin)?.origin !== origin) return false;
  return registrations.some((registration) => {
    const registered = new URL(registration).origin;
    return registered === origin || matchesLoopback(origin, registered);
  });
}

function matchesLoopback(redirectUri: string, registration: string): boolean {
  const portless = withoutPort(redirectUri);
  return portless !== undefined && portless === withoutPort(registration);
}

/** Returns a loopback URI without its port, or `undefined` for any other URI. */
function withoutPort(uri: string): string | undefined {
  const url = absoluteUrl(uri);
  if (url === undefined || !["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) return undefined;
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  return `${url.protocol}//${url.hostname}${url.pathname}${url.search}`;
}
