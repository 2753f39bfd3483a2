import { readFileSync, readlinkSync } from "node:fs";
import { hostname, uptime } from "node:os";
import { systemCode } from "../errors.js";
import { nodeCrypto } from "../node-crypto.js";

/** Whether a process is running, according to another process. */
export type Liveness = "running" | "gone" | "unknown";

/** The start time if `/proc` is missing, unreadable, or that of another PID namespace. */
const UNKNOWN_START = "0";

let own: string | undefined;

/**
 * Identifies this process, so that others can tell whether it is still running: host, PID namespace, PID and start time, as
 * `{host}-{space}-{pid}-{start}`.
 */
export function ownIdentity(): string {
  own ??= [host(), pidSpace(), process.pid, ownStart() ?? UNKNOWN_START].join("-");
  return own;
}

/**
 * Tells whether a process is still running. Processes of other hosts or containers are unknown.
 *
 * @param identity the {@link ownIdentity} of the process
 * @param lastSign time of its last sign of life, in milliseconds since the epoch
 */
export function liveness(identity: string, lastSign: number): Liveness {
  const [otherHost, otherSpace, pid, start] = identity.split("-");
  const [ownHost, ownSpace, , ownStartTime] = ownIdentity().split("-");
  const isExact = ownStartTime !== UNKNOWN_START && start !== UNKNOWN_START;
  if (otherSpace === ownSpace && isExact) {
    const found = startOf(pid ?? "");
    if (found !== UNKNOWN_START) return found === start ? "running" : "gone";
  }
  if (otherHost !== ownHost) return "unknown";
  if (lastSign < Date.now() - uptime() * 1000) return "gone";
  if (otherSpace !== ownSpace) return "unknown";
  return isProcess(Number(pid)) ? "running" : "gone";
}

/** Whether a process that runs is suspended, as far as that can be seen: only where there is `/proc`. */
export function isSuspended(identity: string): boolean {
  try {
    const stat = readFileSync(`/proc/${identity.split("-")[2] ?? ""}/stat`, "latin1");
    return /^[Tt]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}

/** This process's start time; `undefined` also if `/proc` belongs to another PID namespace, as after `unshare --pid`. */
function ownStart(): string | undefined {
  try {
    return readlinkSync("/proc/self") === String(process.pid) ? startOf("self") : undefined;
  } catch {
    return undefined;
  }
}

/** A process's start time in ticks since boot; `undefined` if it is not running, or if there is no `/proc`. */
function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in parentheses may contain any character. See proc(5): state is field 3, starttime field 22.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch (error) {
    // With too many open files (EMFILE), nothing can be read. A running process must not be taken for dead.
    return ["ENOENT", "ESRCH"].includes(systemCode(error) ?? "") ? undefined : UNKNOWN_START;
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM means that it is running and belongs to another user.
    return systemCode(error) === "EPERM";
  }
}

const host = (): string => shortHash(hostname());

/** Identifies the PID namespace: the same for processes of one boot of one kernel, in one container. */
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
