import type { LookupAddress, LookupAllOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import { isOnOwnLink, isPrivateHost } from "@tessera/core/internal";
import { unsent } from "./connect.js";

/** Where an address is, seen from this machine. */
export type Zone = "public" | "private" | "link-local" | "loopback";

/** Where requests may go, because of where the server is that has named their URL. */
export interface Reach {
  /** The zone of that server. */
  readonly from: Zone;
  /** Whether only that zone is allowed. */
  readonly isOnly?: boolean;
}

/** Resolves a name to all of its addresses. */
type Lookup = (
  ...parameters: [string, LookupAllOptions, (error: Error | null, found: LookupAddress[]) => void]
) => void;

// Loaded on first use: a cache hit does not need it.
const systemLookup: Lookup = (...parameters) => process.getBuiltinModule("node:dns").lookup(...parameters);

/** What a server in a zone may name: nothing that is nearer to this machine than the server itself. */
const REACHABLE: Readonly<Record<Zone, readonly Zone[]>> = {
  public: ["public"],
  private: ["public", "private"],
  "link-local": ["public", "private", "link-local"],
  loopback: ["public", "private", "loopback"],
};

/** The nearest last: a name with addresses in several zones is used for the one that is farthest away. */
const ZONES: readonly Zone[] = ["public", "private", "link-local", "loopback"];

/** A connection to one of these addresses ends at this machine. */
const UNSPECIFIED = /^(0\.|\[::\]$|\[::ffff:0:)/;

/** Returns the zone of an address or of `localhost`; `undefined` for any other name. */
export function zoneOfHost(hostname: string): Zone | undefined {
  const host = hostname.replace(/\.$/, "");
  if (!/^\d+(\.\d+){3}$/.test(host) && !host.startsWith("["))
    return isOnOwnLink(hostname) ? "loopback" : undefined;
  if (!isPrivateHost(hostname)) return "public";
  if (UNSPECIFIED.test(host)) return "loopback";
  if (!isOnOwnLink(hostname)) return "private";
  return /^(169\.254\.|\[fe[89ab]|\[::ffff:a9fe:)/.test(host) ? "link-local" : "loopback";
}

/** Returns the zone of a host, by its addresses at this moment. A name that cannot be resolved here is public. */
export async function resolvedZone(hostname: string, find: Lookup = systemLookup): Promise<Zone> {
  const known = zoneOfHost(hostname);
  if (known) return known;
  const found = await new Promise<readonly LookupAddress[]>((resolve) => {
    find(hostname, { all: true }, (error, addresses) => resolve(error ? [] : addresses));
  });
  const zones = new Set(found.map(({ address }) => zoneOfAddress(address)));
  return ZONES.find((zone) => zones.has(zone)) ?? "public";
}

/**
 * Refuses a host that is an address out of reach. A name is checked when the connection is made.
 *
 * @throws Error that says that the request has not been sent
 */
export function requireReach(hostname: string, reach: Reach | undefined): void {
  const zone = reach && zoneOfHost(hostname);
  if (reach && zone && !isReachable(zone, reach)) throw outOfReach(hostname, reach);
}

/**
 * Returns a look-up for a connection, which returns only addresses within reach. A name may lead elsewhere with each
 * look-up (DNS rebinding), so nothing but the address of the connection itself is worth checking.
 */
export function lookupWithin(reach: Reach, find: Lookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    find(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, "");
        return;
      }
      const allowed = addresses.filter(({ address }) => isReachable(zoneOfAddress(address), reach));
      const [first] = allowed;
      if (!first) callback(outOfReach(hostname, reach), "");
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

const reaches = new WeakMap<object, Reach>();

/** Returns the network options of an application that sends requests within reach only. */
export function withinReach<T extends object>(system: T, reach: Reach): T {
  const limited = { ...system };
  reaches.set(limited, reach);
  return limited;
}

/** Returns the reach that {@link withinReach} has given to network options. */
export function reachOf(system: unknown): Reach | undefined {
  return typeof system === "object" && system !== null ? reaches.get(system) : undefined;
}

function isReachable(zone: Zone, { from, isOnly }: Reach): boolean {
  return isOnly ? zone === from : REACHABLE[from].includes(zone);
}

/** @param address as a look-up returns it: IPv6 without brackets */
function zoneOfAddress(address: string): Zone {
  const host = address.includes(":")
    ? new URL(`http://[${address.split("%", 1)[0] ?? ""}]`).hostname
    : address;
  return zoneOfHost(host) ?? "private";
}

function outOfReach(hostname: string, { from }: Reach): Error {
  const error = new Error(
    `${hostname} is an address of this machine or of a private network, which a ${from} server must not name`,
  );
  return unsent(Object.assign(error, { isPermanent: true, code: "ERR_OUT_OF_REACH" }));
}
