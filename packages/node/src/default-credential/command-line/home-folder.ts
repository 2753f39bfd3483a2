import { join } from "node:path";

/** A folder in the user's home. The module is loaded on first use: importing the package must stay fast. */
export function homeFolder(...names: readonly string[]): string {
  return join(process.getBuiltinModule("node:os").homedir(), ...names);
}
