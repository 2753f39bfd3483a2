/**
 * Whether a host is this machine or on a private network: `localhost`, and loopback, link-local, private-use and
 * reserved addresses, including IPv4 addresses embedded in IPv6 ones. Other names are not resolved.
 *
 * @param hostname as returned by `URL`: lower case, IPv4 in dotted decimal, IPv6 in brackets
 * @see RFC 6890, RFC 4193, RFC 6761 §6.3
 */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, "");
  if (host.startsWith("[")) return isPrivateIpv6(ipv6Groups(host.slice(1, -1)));
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return isPrivateIpv4(ipv4Number(host));
  return host === "localhost" || host.endsWith(".localhost");
}

/** Address blocks that are not globally reachable, with their prefix lengths in bits. */
const PRIVATE_IPV4: readonly (readonly [network: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
];

function isPrivateIpv4(address: number): boolean {
  return PRIVATE_IPV4.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(address / size) === Math.floor(ipv4Number(network) / size);
  });
}

function isPrivateIpv6(groups: readonly number[]): boolean {
  const [first = 0, second = 0, third = 0, , , sixth = 0, seventh = 0, last = 0] = groups;
  const startsWith = (...prefix: readonly number[]): boolean =>
    prefix.every((group, index) => group === groups[index]);
  // Unspecified, loopback, and deprecated IPv4-compatible addresses.
  if (startsWith(0, 0, 0, 0, 0, 0)) return true;
  // IPv4-mapped, and NAT64.
  if (startsWith(0, 0, 0, 0, 0) && sixth === 0xffff) return isPrivateIpv4(seventh * 0x10000 + last);
  if (startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return isPrivateIpv4(seventh * 0x10000 + last);
  if (startsWith(0x64, 0xff9b, 1)) return true;
  // 6to4.
  if (first === 0x2002) return isPrivateIpv4(second * 0x10000 + third);
  // Unique local; link-local, site-local and multicast.
  return (first & 0xfe00) === 0xfc00 || first >= 0xfe80;
}

function ipv4Number(text: string): number {
  return text.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

/** Returns the eight groups of an IPv6 address in the format of RFC 5952. */
function ipv6Groups(text: string): readonly number[] {
  const [before = "", after] = text.split("::");
  const groups = (part: string): readonly number[] =>
    part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const [head, tail] = [groups(before), groups(after ?? "")];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
