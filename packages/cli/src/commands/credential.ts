import type { Context, Run } from "../context.js";
import { usageError } from "../errors.js";

/** The helper protocols. */
const HELPERS: Readonly<Record<string, () => Promise<Run>>> = {
  git: async () => (await import("../helpers/git.js")).git,
  docker: async () => (await import("../helpers/docker.js")).docker,
  kubectl: async () => (await import("../helpers/kubectl.js")).kubectl,
  aws: async () => (await import("../helpers/aws.js")).aws,
  azure: async () => (await import("../helpers/azure.js")).azure,
};

/** `tessera credential`: speaks the protocol by which a tool asks for credentials. */
export async function credential(context: Context): Promise<void> {
  const [tool = ""] = context.given.positionals;
  const load = Object.hasOwn(HELPERS, tool) ? HELPERS[tool] : undefined;
  if (!load)
    throw usageError(`"${tool}" is not a known tool: pass one of ${Object.keys(HELPERS).join(", ")}.`);
  const helper = await load();
  await helper(context);
}
