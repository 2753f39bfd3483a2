import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { systemCode } from "./errors.js";
import { nodeCrypto } from "./node-crypto.js";

/** What a process looks like to others. */
export type Liveness = "running" | "gone" | "unknown";

/** Where there is no `/proc`, or it cannot be read, or it is that of another pid namespace. */
const UNKNOWN_START = "0";

let own: string | undefined;

/**
 * Names this process so that others can tell whether it still runs: host, the space its process id is counted in, the
 * process id, and when it started, as `{host}-{space}-{pid}-{start}`.
 */
export function ownIdentity(): string {
  own ??= [host(), pidSpace(), process.pid, ownStart() ?? UNKNOWN_START].join("-");
  return own;
}

/**
 * Tells whether the process with an identity still runs. One of another host or container cannot be seen from here.
 *
 * @param identity from {@link ownIdentity} of that process
 * @param lastSign when it last showed that it runs, in milliseconds since the epoch
 */
export function liveness(identity: string, lastSign: number): Liveness {
  const [itsHost, itsSpace, pid, start] = identity.split("-");
  const [ownHost, ownSpace, , since] = ownIdentity().split("-");
  const exact = since !== UNKNOWN_START && start !== UNKNOWN_START;
  if (itsSpace === ownSpace && exact) {
    const its = startOf(pid ?? "");
    if (its !== UNKNOWN_START) return its === start ? "running" : "gone";
  }
  if (itsHost !== ownHost) return "unknown";
  if (lastSign < Date.now() - uptime() * 1000) return "gone";
  if (itsSpace !== ownSpace) return "unknown";
  return isProcess(Number(pid)) ? "running" : "gone";
}

/** When this process started; `undefined` also where `/proc` counts processes in another way, as after `unshare --pid`. */
function ownStart(): string | undefined {
  try {
    return readlinkSync("/proc/self") === String(process.pid) ? startOf("self") : undefined;
  } catch {
    return undefined;
  }
}

/** When a process started, in ticks since boot; `undefined` if it runs no more, or where there is no `/proc`. */
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may hold anything. See proc(5): state is field 3, starttime field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch (error) {
    // Who has too many files open (EMFILE) sees nobody, and must not rob the living.
    return ["ENOENT", "ESRCH"].includes(systemCode(error) ?? "") ? undefined : UNKNOWN_START;
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and is somebody else's.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

const host = (): string => shortHash(hostname());

/** Equal for processes whose process ids mean the same: one boot of one kernel, one container. */
function pidSpace(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1");
    return shortHash(`${boot} ${readlinkSync("/proc/self/ns/pid")}`);
  } catch {
    return host();
  }
}

function shortHash(text: string): string {
  return nodeCrypto().createHash("sha256").update(text).digest("hex").slice(0, 12);
}
