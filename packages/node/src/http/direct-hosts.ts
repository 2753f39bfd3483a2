import { isLoopback } from "@tessera/core/internal";

/**
 * Whether a host must be contacted directly: loopback, and link-local addresses such as a cloud's instance metadata
 * service. A proxy would contact its own machine or network instead, and receive requests meant for this one.
 *
 * @param hostname as normalized by `URL`
 */
export function isDirect(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return isLoopback(name) || /^169\.254(\.\d{1,3}){2}$/.test(name) || LOCAL_IPV6.test(name);
}

/** fe80::/10, and the IPv4-mapped blocks ::ffff:127.0.0.0/104 and ::ffff:169.254.0.0/112. */
const LOCAL_IPV6 = /^\[(fe[89ab][0-9a-f]:.*|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}|::ffff:a9fe:[0-9a-f]{1,4})\]$/;
