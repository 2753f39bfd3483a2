import { isLoopback } from "@tessera/core/internal";

/**
 * True for hosts that no proxy may stand before: those of this machine, and of its link, where a cloud's instance metadata
 * service answers. A proxy would reach its own machine and link there, and be handed what was meant for this one's.
 *
 * @param hostname as `URL` normalises it
 */
export function isDirect(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return isLoopback(name) || /^169\.254(\.\d{1,3}){2}$/.test(name) || LOCAL_IPV6.test(name);
}

/** fe80::/10; and ::ffff:127.0.0.0/104 and ::ffff:169.254.0.0/112, which are IPv4 addresses in IPv6. */
const LOCAL_IPV6 = /^\[(fe[89ab][0-9a-f]:.*|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}|::ffff:a9fe:[0-9a-f]{1,4})\]$/;
