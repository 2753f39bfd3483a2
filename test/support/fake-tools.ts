// Command-line tools that print what a test wants, alone on the PATH, with configuration folders of their own.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type ToolName = "az" | "azd" | "gcloud" | "gh";

/** What a tool prints. */
export interface ToolAnswer {
  readonly output?: string;
  readonly errors?: string;
  readonly exitCode?: number;
  /** Shell commands to run before the answer. */
  readonly before?: string;
}

export interface FakeTools {
  /** Installs a tool, or changes its answer. */
  answer(tool: ToolName, answer: ToolAnswer): void;
  uninstall(tool: ToolName): void;
  /** The arguments of each run so far. */
  runs(tool: ToolName): readonly (readonly string[])[];
  /** A new configuration folder for every tool, so that no test finds the tokens of another one. */
  freshFolders(): void;
  /** The configuration folder of a tool. */
  folder(tool: ToolName): string;
  /** A path in the folder of the tools. */
  path(name: string): string;
  /** Restores the environment. */
  close(): void;
}

const FOLDERS: Readonly<Record<ToolName, string>> = {
  az: "AZURE_CONFIG_DIR",
  azd: "AZD_CONFIG_DIR",
  gcloud: "CLOUDSDK_CONFIG",
  gh: "GH_CONFIG_DIR",
};

/** Variables that would choose an identity; a test sets those that it wants. */
const CHOOSING = /^(AZURE_|AZD_|GH_|GITHUB_|CLOUDSDK_|IDENTITY_|MSI_|IMDS_|XDG_)/;

/** Takes the place of all identities in the environment until it is closed. */
export function createFakeTools(): FakeTools {
  const before = { ...process.env };
  const root = mkdtempSync(join(tmpdir(), "tessera-tools-"));
  for (const name of Object.keys(process.env))
    if (CHOOSING.test(name)) Reflect.deleteProperty(process.env, name);
  const bin = join(root, "bin");
  mkdirSync(bin);
  // Nothing else: the machine may have one of the tools.
  process.env["PATH"] = bin;
  let generation = 0;
  const path = (name: string): string => join(bin, name);
  const tools: FakeTools = {
    path,
    answer(tool, { output = "", errors = "", exitCode = 0, before: commands = "" }) {
      writeFileSync(path(`${tool}.out`), output);
      writeFileSync(path(`${tool}.err`), errors);
      const lines = [
        "#!/bin/sh",
        `{ printf '%s\\037' "$@"; echo; } >> "$0.runs"`,
        commands,
        '/bin/cat "$0.out"; /bin/cat "$0.err" >&2',
        `exit ${exitCode}`,
      ];
      writeFileSync(path(tool), lines.join("\n"));
      chmodSync(path(tool), 0o755);
    },
    uninstall: (tool) => rmSync(path(tool), { force: true }),
    runs: (tool) =>
      existsSync(path(`${tool}.runs`))
        ? readFileSync(path(`${tool}.runs`), "utf8")
            .split("\n")
            .slice(0, -1)
            .map((line) => line.split("\u001f").slice(0, -1))
        : [],
    freshFolders() {
      generation += 1;
      for (const [tool, variable] of Object.entries(FOLDERS)) {
        const folder = join(root, `${tool}-${generation}`);
        mkdirSync(join(folder, "configurations"), { recursive: true });
        process.env[variable] = folder;
        rmSync(path(`${tool}.runs`), { force: true });
      }
    },
    folder: (tool) => process.env[FOLDERS[tool]] ?? "",
    close() {
      process.env = before;
      rmSync(root, { recursive: true });
    },
  };
  tools.freshFolders();
  return tools;
}

/** What `az` prints for a token. */
export function azToken(accessToken: string, expiresOn: number): ToolAnswer {
  const local = new Date(expiresOn - new Date(expiresOn).getTimezoneOffset() * 60_000).toISOString();
  const times = {
    expiresOn: local.replace("T", " ").replace("Z", "000"),
    expires_on: Math.floor(expiresOn / 1000),
  };
  return { output: JSON.stringify({ accessToken, ...times, tenant: "tenant-of-az", tokenType: "Bearer" }) };
}

/** What `azd` prints for a token. */
export function azdToken(token: string, expiresOn: number): ToolAnswer {
  return { output: JSON.stringify({ token, expiresOn: new Date(expiresOn).toISOString() }) };
}
