import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { KerberosTicket } from "@tessera/local-authority";

/** A Kerberos realm of MIT's software on a loopback port. */
export interface KerberosRealm {
  readonly name: string;
  /** What a process needs in its environment to be a member of the realm, without a ticket. */
  readonly env: Readonly<Record<string, string>>;
  /** Signs a user in, and returns the environment of the user's processes. */
  signIn(user: string, password: string): Readonly<Record<string, string>>;
  /** Starts a service that reads tickets for a principal, such as `HTTP/localhost`. */
  acceptor(principal: string): Promise<TicketAcceptor>;
  close(): Promise<void>;
}

/** A service of the realm, written with python3-gssapi. */
export interface TicketAcceptor {
  /** Returns the principal of a ticket, or `undefined` for one that is not valid. */
  accept(ticket: KerberosTicket): Promise<string | undefined>;
  /** Why tickets were refused. */
  readonly refusals: string[];
}

const python = "/usr/bin/python3";
const programs = ["/usr/sbin/krb5kdc", "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local", "/usr/bin/kinit"];

/** Whether this machine has what {@link startKerberos} needs. */
export const kerberosIsAvailable = ((): boolean => {
  try {
    for (const program of programs) accessSync(program);
    execFileSync(python, ["-c", "import gssapi"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/**
 * Starts a realm.
 *
 * @param users their passwords, by name
 * @param services principals of services, such as `HTTP/localhost`
 */
export async function startKerberos(
  name: string,
  users: Readonly<Record<string, string>>,
  services: readonly string[],
): Promise<KerberosRealm> {
  const folder = mkdtempSync(join(tmpdir(), "tessera-kerberos-"));
  const file = (file: string): string => join(folder, file);
  const address = `127.0.0.1:${await freePort()}`;
  writeFileSync(
    file("krb5.conf"),
    `[libdefaults]
 default_realm = ${name}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 ${name} = {
  kdc = ${address}
 }
[domain_realm]
 localhost = ${name}
`,
  );
  writeFileSync(
    file("kdc.conf"),
    `[kdcdefaults]
 kdc_listen = ${address}
 kdc_tcp_listen = ${address}
[realms]
 ${name} = {
  database_name = ${file("principals")}
  key_stash_file = ${file("stash")}
 }
[logging]
 kdc = STDERR
`,
  );
  const env = {
    KRB5_CONFIG: file("krb5.conf"),
    KRB5_KDC_PROFILE: file("kdc.conf"),
    KRB5CCNAME: `FILE:${file("none")}`,
  };
  const run = (program: string, parameters: readonly string[], input = "", more: object = {}): void => {
    execFileSync(program, parameters, {
      env: { ...process.env, ...env, ...more },
      input,
      stdio: ["pipe", "ignore", "pipe"],
    });
  };
  run("/usr/sbin/kdb5_util", ["create", "-s", "-r", name, "-P", "master"]);
  const keys = services.flatMap((service) => [
    `addprinc -randkey ${service}`,
    `ktadd -k ${file("keytab")} ${service}`,
  ]);
  const accounts = Object.entries(users).map(([user, password]) => `addprinc -pw ${password} ${user}`);
  run("/usr/sbin/kadmin.local", ["-r", name], `${[...accounts, ...keys].join("\n")}\n`);

  const children: ChildProcess[] = [];
  const kdc = spawn("/usr/sbin/krb5kdc", ["-n"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.push(kdc);
  await untilLine(kdc, /commencing operation/);
  let caches = 0;
  return {
    name,
    env,
    signIn: (user, password) => {
      caches += 1;
      const own = { ...env, KRB5CCNAME: `FILE:${file(`tickets-${caches}`)}` };
      run("/usr/bin/kinit", [user], `${password}\n`, own);
      return own;
    },
    acceptor: async (principal) => {
      const script = fileURLToPath(new URL("accept-ticket.py", import.meta.url));
      const child = spawn(python, [script, principal], {
        env: { ...process.env, ...env, KRB5_KTNAME: `FILE:${file("keytab")}` },
        stdio: ["pipe", "pipe", "inherit"],
      });
      children.push(child);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const refusals: string[] = [];
      return {
        refusals,
        accept: async ({ token, channelBinding }) => {
          const binding = channelBinding && Buffer.from(channelBinding).toString("base64");
          child.stdin.write(`${JSON.stringify({ token, binding })}\n`);
          const { value } = (await lines.next()) as { readonly value: string };
          const answer = JSON.parse(value) as { readonly principal?: string; readonly refusal?: string };
          if (answer.refusal !== undefined) refusals.push(answer.refusal);
          return answer.principal;
        },
      };
    },
    close: async () => {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const ended = once(child, "exit");
          child.kill();
          await ended;
        }),
      );
      await rm(folder, { recursive: true });
    },
  };
}

async function untilLine(child: ChildProcess, pattern: RegExp): Promise<void> {
  const { stderr } = child;
  if (!stderr) throw new Error("there is nothing to read");
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`krb5kdc has ended: ${seen.join("\n")}`)));
    createInterface({ input: stderr }).on("line", (line) => {
      seen.push(line);
      if (pattern.test(line)) resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
