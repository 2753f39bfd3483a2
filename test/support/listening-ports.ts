import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The TCP ports that this process or any other one listens on. */
export async function listeningPorts(): Promise<readonly number[]> {
  const listens = await listeningAddresses();
  return listens.map(({ port }) => port);
}

/** Local addresses that somebody listens on; the address as the system writes it, hexadecimal on Linux. */
export async function listeningAddresses(): Promise<
  readonly { readonly address: string; readonly port: number }[]
> {
  if (process.platform !== "linux") return listeningByNetstat();
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  return tables
    .flatMap((table) => table.split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === "0A")
    .map(([, local = ""]) => {
      const [address = "", port = ""] = local.split(":");
      return { address, port: Number.parseInt(port, 16) };
    });
}

async function listeningByNetstat(): Promise<readonly { readonly address: string; readonly port: number }[]> {
  const { stdout } = await promisify(execFile)("netstat", ["-an"]);
  return [...stdout.matchAll(/^tcp\S*\s+\d+\s+\d+\s+(\S+)[.:](\d+)\s.*LISTEN/gim)].map(
    ([, address = "", port = ""]) => ({ address, port: Number(port) }),
  );
}
