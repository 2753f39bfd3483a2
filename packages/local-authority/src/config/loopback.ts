import { absoluteUrl } from "../http/absolute-url.js";

/** Whether an HTTP(S) URL points to this machine: `localhost` and its subdomains (RFC 6761 §6.3), `127.0.0.1`, `[::1]`. */
export function isLoopback(url: string): boolean {
  const { protocol, hostname } = absoluteUrl(url) ?? { protocol: "", hostname: "" };
  return (
    ["http:", "https:"].includes(protocol) &&
    (["localhost", "127.0.0.1", "[::1]"].includes(hostname) || hostname.endsWith(".localhost"))
  );
}
