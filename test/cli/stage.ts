// The command line as its users run it: as a process, without a terminal or at one of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type LocalAuthorityOptions,
  type User,
} from "@tessera/local-authority";
import { assertBuilt, root } from "../packages/workspace.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { interactiveUser } from "../support/interactive-user.js";

const PROGRAM = join(root, "packages/cli/dist/cli.js");

type Environment = Readonly<Record<string, string | undefined>>;

/** What a process has printed, and how it has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs at a terminal. */
export interface Terminal {
  /** Everything that was shown so far. */
  shown(): string;
  /** Waits until the terminal has shown something. Returns the match. */
  see(expected: RegExp): Promise<RegExpExecArray>;
  /** Types something; `"\u0003"` is `Ctrl+C`. */
  type(text: string): void;
  /** Waits for the end. Returns the exit code. */
  end(): Promise<number | null>;
}

/** A home of its own, in which `tessera`, `docker-credential-tessera` and other tools are run. */
export interface Home {
  readonly folder: string;
  /** Where the profiles are. */
  readonly profiles: string;
  /** Runs a command without a terminal. */
  run(
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: Environment },
  ): Promise<Ended>;
  /** Runs a tool without a terminal, with `tessera` on its path. */
  tool(
    command: readonly string[],
    options?: { readonly input?: string; readonly env?: Environment },
  ): Promise<Ended>;
  /** Runs a line of a shell at a terminal, in which `tessera` is a command. */
  atTerminal(
    line: string,
    options?: { readonly env?: Environment; readonly columns?: number; readonly rows?: number },
  ): Terminal;
  /** Writes a program into the home's path. */
  program(name: string, text: string): string;
  /** Ends what still runs, and removes the folder. */
  close(): Promise<void>;
}

/** Makes a home. */
export function makeHome(env: Environment = {}): Home {
  assertBuilt();
  const folder = mkdtempSync(join(tmpdir(), "tessera-cli-"));
  const bin = join(folder, "bin");
  const children = new Set<ChildProcess>();
  mkdirSync(bin);
  const environment = (more: Environment = {}): NodeJS.ProcessEnv => ({
    PATH: [bin, process.env["PATH"] ?? ""].join(delimiter),
    HOME: folder,
    XDG_DATA_HOME: join(folder, "data"),
    TESSERA_STORE: "file",
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    ...env,
    ...more,
  });
  const program = (name: string, text: string): string => {
    const file = join(bin, name);
    writeFileSync(file, text, { mode: 0o755 });
    return file;
  };
  for (const name of ["tessera", "docker-credential-tessera"])
    program(name, `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
  const started = (child: ChildProcess): ChildProcess => {
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  const tool: Home["tool"] = async ([command = "", ...args], { input, env: more } = {}) => {
    // In a session of its own, a process has no controlling terminal: that of whoever runs the tests is not asked.
    const child = started(spawn(command, args, { env: environment(more), cwd: folder, detached: true }));
    const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input ?? "");
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout: stdout(), stderr: stderr() };
  };
  return {
    folder,
    profiles: join(folder, "data/tessera/profiles"),
    program,
    tool,
    run: (args, options) => tool([process.execPath, PROGRAM, ...args], options),
    atTerminal(line, { env: more, columns = 100, rows = 50 } = {}) {
      const script = join(root, "test/cli/terminal.py");
      const child = started(
        spawn("python3", [script, String(columns), String(rows), line], {
          env: environment(more),
          cwd: folder,
        }),
      );
      return terminalOf(child);
    },
    async close() {
      for (const child of children) {
        const end = once(child, "exit");
        child.kill("SIGKILL");
        await end;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function terminalOf(child: ChildProcess): Terminal {
  const shown = collected(child.stdout);
  const errors = collected(child.stderr);
  // Bold letters are letters.
  const plain = (): string => stripVTControlCharacters(shown());
  const ended = once(child, "close") as Promise<[number | null]>;
  return {
    shown,
    type: (text) => child.stdin?.write(text),
    end: async () => (await ended)[0],
    see: async (expected) => {
      for (;;) {
        const match = expected.exec(plain());
        if (match) return match;
        const isOver = await Promise.race([
          ended.then(() => true),
          once(child.stdout ?? child, "data").then(() => false),
        ]);
        const last = expected.exec(plain());
        if (last) return last;
        if (isOver) throw new Error(`The terminal has not shown ${String(expected)}:\n${shown()}${errors()}`);
      }
    },
  };
}

function collected(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (chunk: string) => (text += chunk));
  return () => text;
}

/** The local authority, a user with a browser, and a home whose commands know both. */
export interface Stage {
  readonly authority: LocalAuthority;
  readonly user: User;
  /** A registration of an app for users. */
  readonly app: App;
  /** A registration with a secret. */
  readonly daemon: App;
  readonly ca: string;
  /** Options that name the authority and the app. */
  readonly client: readonly string[];
  /** A home with `BROWSER` set to the user's browser. */
  home(env?: Environment): Home;
  /** How often the browser was opened. */
  visits(): number;
  /** The next visits are declined. */
  decline(count: number): void;
  /** Signs the user in at a device code that a terminal shows. */
  signInOn(terminal: Terminal, decision?: "accept" | "cancel"): Promise<void>;
  /** Signs the user in to a profile; in the next empty home, by a copy of what that has left. */
  signedIn(home: Home, ...more: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Starts the local authority. */
export async function startStage(options: LocalAuthorityOptions = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "tessera-cli-stage-"));
  const ca = join(folder, "ca.pem");
  const authority = await startLocalAuthority({ ...options, caFile: ca });
  const [tenant] = authority.config.tenants;
  const [daemon, app] = tenant?.apps ?? [];
  const [user] = tenant?.users ?? [];
  if (!daemon || !app || !user) throw new Error("The local authority has other defaults than expected");
  let declines = 0;
  let visits = 0;
  const problems: unknown[] = [];
  const browser = createServer((request, response) => {
    void (async () => {
      const url = Buffer.concat(await request.toArray()).toString();
      visits += 1;
      const isDeclined = declines > 0;
      if (isDeclined) declines -= 1;
      await interactiveUser({ ...user, ca: authority.caPem, declines: isDeclined ? 1 : 0 }).openBrowser(url);
      response.end();
    })().catch((error: unknown) => {
      problems.push(error);
      response.writeHead(500).end(String(error));
    });
  }).listen(0, "127.0.0.1");
  await once(browser, "listening");
  const opener = join(folder, "browser");
  const { port } = browser.address() as AddressInfo;
  writeFileSync(
    opener,
    `#!/bin/sh\nexec curl --silent --noproxy '*' --data-raw "$1" http://127.0.0.1:${port}/ >/dev/null\n`,
    { mode: 0o755 },
  );
  const client = ["--authority", authority.authorityUrl(), "--client-id", app.clientId, "--ca", ca];
  const homes: Home[] = [];
  const stage: Stage = {
    authority,
    user,
    app,
    daemon,
    ca,
    client,
    home(env) {
      const home = makeHome({ BROWSER: opener, ...env });
      homes.push(home);
      return home;
    },
    visits: () => visits,
    decline: (count) => void (declines = count),
    async signInOn(terminal, decision = "accept") {
      const [, url = "", code = ""] = await terminal.see(
        /open (\S+) on any device and enter the code ([A-Z\d-]+)/,
      );
      await signInOnDevice(url, code, { ...user, ca: authority.caPem, decision });
    },
    async signedIn(home, ...more) {
      const kept = join(folder, JSON.stringify(more));
      const isFirst = readdirSync(home.folder).join() === "bin";
      // In another home, the same sign-in has left the same files.
      if (isFirst && existsSync(kept)) {
        cpSync(kept, join(home.folder, "data"), { recursive: true });
        return;
      }
      const { code, stderr } = await home.run(["login", ...client, "--scope", "User.Read", ...more]);
      if (code !== 0)
        throw new Error(`The user is not signed in: ${stderr}${problems.map(String).join("\n")}`);
      if (isFirst) cpSync(join(home.folder, "data"), kept, { recursive: true });
    },
    async close() {
      await Promise.all(homes.map((home) => home.close()));
      browser.closeAllConnections();
      browser.close();
      await authority.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return stage;
}

/** The text of a profile's file. */
export function profileIn(home: Home, name = "default"): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(home.profiles, name, "profile.json"), "utf8")) as Record<
    string,
    unknown
  >;
}
