import type { AuthorityConfig } from "../config/config.js";
import type { RequestContext } from "../http/request-context.js";
import type { ConsoleContext } from "./console-context.js";

/** The parts of a running authority that a program needs to use it. */
export interface RunningAuthority {
  readonly url: string;
  readonly caPem: string;
  readonly caFile?: string;
  readonly instanceMetadataUrl?: string;
  readonly config: AuthorityConfig;
}

/** The configuration as JSON: what the command line prints into a pipe. */
export function configurationJson({
  url,
  caPem,
  caFile,
  instanceMetadataUrl,
  config,
}: RunningAuthority): object {
  return { url, caPem, caFile, instanceMetadataUrl, ...config };
}

/** The address, the tenants, the apps and the users. */
export function about(c: RequestContext, { state, caFile, instanceMetadataUrl }: ConsoleContext): Response {
  const { url, caPem, config } = state;
  return c.json(configurationJson({ url, caPem, caFile, instanceMetadataUrl, config }));
}
