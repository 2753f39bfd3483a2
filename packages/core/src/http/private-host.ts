import { parsedUrl } from "./secure-url.js";

// Address ranges. Hostnames are as returned by `URL`: lower case, IPv4 in dotted decimal, IPv6 in brackets. Names other than
// `localhost` are not resolved.

/** The eight groups of an IPv6 address. IPv4 addresses are IPv4-mapped (RFC 4291 §2.5.5.2). */
type Address = readonly number[];

/** Loopback and link-local. */
const OWN_LINK = ["127.0.0.0/8", "169.254.0.0/16", "[::1]/128", "[fe80::]/10"];

/** Other blocks that are not globally reachable. */
const PRIVATE = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
  // Unspecified, and deprecated IPv4-compatible addresses.
  "[::]/96",
  // Local-use NAT64; unique local; site-local; multicast.
  "[64:ff9b:1::]/48",
  "[fc00::]/7",
  "[fec0::]/10",
  "[ff00::]/8",
];

/**
 * Whether a host is this machine or on its link, such as a cloud's instance metadata service: `localhost`, and loopback
 * and link-local addresses, including IPv4-mapped ones.
 *
 * @see RFC 6890, RFC 6761 §6.3
 */
export function isOnOwnLink(hostname: string): boolean {
  const address = addressOf(hostname);
  return address ? isInside(address, OWN_LINK) : isLocalhost(hostname);
}

/**
 * Whether a host is this machine or on a private network: `localhost`, and loopback, link-local, private-use and
 * reserved addresses, including IPv4 addresses embedded in IPv6 ones.
 *
 * @see RFC 6890, RFC 4193, RFC 6761 §6.3
 */
export function isPrivateHost(hostname: string): boolean {
  const address = addressOf(hostname);
  if (!address) return isLocalhost(hostname);
  const blocks = [...OWN_LINK, ...PRIVATE];
  return [address, ...embeddedIn(address)].some((one) => isInside(one, blocks));
}

/**
 * Whether a host is an address in a block in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3).
 *
 * @param block such as `10.0.0.0/8` or `fd00::/8`; a malformed block contains no host
 */
export function isInBlock(hostname: string, block: string): boolean {
  const address = addressOf(hostname);
  const [network = "", length = "", ...rest] = block.split("/");
  const isIpv6 = network.includes(":");
  const host = isIpv6 ? parsedUrl(`http://[${network.replace(/^\[|\]$/g, "")}]`)?.hostname : network;
  if (!address || !host || !addressOf(host) || !/^\d{1,3}$/.test(length) || rest.length > 0) return false;
  return Number(length) <= (isIpv6 ? 128 : 32) && isInside(address, [`${host}/${length}`]);
}

function isLocalhost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost");
}

/** @param blocks CIDR blocks, each with its network in the format of a hostname */
function isInside(address: Address, blocks: readonly string[]): boolean {
  return blocks.some((block) => {
    const [network = "", length] = block.split("/");
    // The first 96 bits of an IPv4-mapped address are the same for all of them.
    const bits = Number(length) + (network.startsWith("[") ? 0 : 96);
    return addressOf(network)?.every((group, index) => {
      const compared = Math.min(16, Math.max(0, bits - 16 * index));
      return (group ^ (address[index] ?? 0)) >> (16 - compared) === 0;
    });
  });
}

/** Returns the IPv4 address embedded in a NAT64 (RFC 6052) or 6to4 (RFC 3056) address. */
function embeddedIn(address: Address): readonly Address[] {
  if (isInside(address, ["[64:ff9b::]/96"])) return [mapped(address.slice(6))];
  return isInside(address, ["[2002::]/16"]) ? [mapped(address.slice(1, 3))] : [];
}

function mapped(pair: readonly number[]): Address {
  return [0, 0, 0, 0, 0, 0xffff, ...pair];
}

function addressOf(hostname: string): Address | undefined {
  const host = hostname.replace(/\.$/, "");
  if (/^\d+(\.\d+){3}$/.test(host)) {
    const [a = 0, b = 0, c = 0, d = 0] = host.split(".").map(Number);
    return mapped([a * 256 + b, c * 256 + d]);
  }
  return host.startsWith("[") && host.endsWith("]") ? ipv6Groups(host.slice(1, -1)) : undefined;
}

/** Returns the eight groups of an IPv6 address in the format of RFC 5952. */
function ipv6Groups(text: string): Address {
  const [before = "", after] = text.split("::");
  const groups = (part: string): readonly number[] =>
    part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const [head, tail] = [groups(before), groups(after ?? "")];
  return [...head, ...Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail];
}
