import { token } from "./commands/token.js";
import type { Run } from "./context.js";

/** The programs of the commands, loaded when they are run; that of `token` with this file: scripts start it again and again. */
const PROGRAMS: Readonly<Record<string, () => Run | Promise<Run>>> = {
  login: async () => (await import("./commands/login.js")).login,
  token: () => token,
  bind: async () => (await import("./commands/bind.js")).bind,
  fetch: async () => (await import("./commands/fetch.js")).fetchUrl,
  accounts: async () => (await import("./commands/accounts.js")).accounts,
  logout: async () => (await import("./commands/logout.js")).logout,
  inspect: async () => (await import("./commands/inspect.js")).inspect,
  doctor: async () => (await import("./commands/doctor.js")).doctor,
  credential: async () => (await import("./commands/credential.js")).credential,
  dev: async () => (await import("./commands/dev.js")).dev,
  completion: async () => (await import("./commands/completion.js")).completion,
};

/** Returns the program of a command. */
export async function programOf(command: string): Promise<Run> {
  const load = PROGRAMS[command];
  if (!load) throw new Error(`The command ${command} has no program.`);
  return load();
}
