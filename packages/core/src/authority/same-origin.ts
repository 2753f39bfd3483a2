/**
 * Returns an issuer with its scheme and host in lower case and without the default port, which name the same origin. The
 * rest is kept: paths are case-sensitive.
 */
export function withCanonicalOrigin(issuer: string): string {
  const [, scheme = "", host = "", rest = ""] = /^(https?):\/\/([^/?#\s]+)(.*)$/is.exec(issuer) ?? [];
  if (!host) return issuer;
  const protocol = scheme.toLowerCase();
  const port = protocol === "https" ? ":443" : ":80";
  const name = host.toLowerCase();
  return `${protocol}://${name.endsWith(port) ? name.slice(0, -port.length) : name}${rest}`;
}

/** Returns a URL or path without the slash at its end, if it has one. */
export function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
