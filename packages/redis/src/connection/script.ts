import { createHash } from "node:crypto";

/** A script, which the server knows by its hash once it has seen it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** Names a script by its hash. */
export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
