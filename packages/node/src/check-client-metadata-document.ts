import type { Client } from "@tessera/core";
import {
  isAuthError,
  parseJsonObject,
  requireKnownOptions,
  requireRecord,
  statusOf,
  wrongType,
} from "@tessera/core/internal";
import {
  documentFindings,
  documentUrlProblem,
  keysProblem,
  type ClientMetadataFinding,
} from "./client-metadata-rules.js";
import { CALL_OPTIONS, withoutApplication, type CallOptions } from "./without-application.js";

/** Bytes of a document that every server reads: the draft recommends this limit. */
const MOST_BYTES = 5120;

/**
 * Reads a published client metadata document as a server would, and tells what it would complain about. The limits of
 * discovery apply: https or this machine, no redirect, and bounds of size and time.
 *
 * @param url the client's ID: where the document is published
 * @returns what to mend, in the order of the document; empty if there is nothing
 * @throws ClientConfigurationError for a mistake in the call; what is wrong with the document is never thrown
 * @see draft-ietf-oauth-client-id-metadata-document
 * @example
 * ```ts
 * const findings = await checkClientMetadataDocument("https://agent.example/client.json");
 * // [{ member: "client_name", problem: "is not a name" }]
 * ```
 */
export async function checkClientMetadataDocument(
  url: string,
  options: CallOptions = {},
): Promise<readonly ClientMetadataFinding[]> {
  if (typeof url !== "string") throw wrongType("url", url, "the URL of the document");
  requireKnownOptions(requireRecord(options, "options"), CALL_OPTIONS, "checkClientMetadataDocument");
  const problem = documentUrlProblem(url);
  if (problem !== undefined) return [{ member: "url", problem }];
  return withoutApplication(options, {}, async (client, call) => {
    const read = await readJson(client, url, call);
    if (!read.json) return read.findings;
    const findings = [...read.findings, ...documentFindings(read.json, url)];
    const { jwks_uri: jwksUri } = read.json;
    const isReadable = typeof jwksUri === "string" && !findings.some(({ member }) => member === "jwks_uri");
    return isReadable ? [...findings, ...(await keyFindings(client, jwksUri, call))] : findings;
  });
}

/** A call without an application. */
interface MetadataCall {
  readonly correlationId: string;
  readonly signal?: AbortSignal | undefined;
}

interface Read {
  readonly json?: Readonly<Record<string, unknown>>;
  readonly findings: readonly ClientMetadataFinding[];
}

async function readJson(client: Client, url: string, call: MetadataCall): Promise<Read> {
  const found = (problem: string): Read => ({ findings: [{ member: "url", problem }] });
  try {
    const response = await client.transport.get(url, call);
    const { status, headers, body } = response;
    if (status >= 300 && status < 400) return found("redirects, which servers do not follow");
    if (status !== 200) return found(`returns ${statusOf(response)} instead of the document`);
    const json = parseJsonObject(body);
    if (!json) return found("returns something that is not a JSON object");
    const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
    const problems = [
      ...(/^application\/([\w.-]+\+)?json$/.test(type)
        ? []
        : [`has the content type "${type}": use application/json`]),
      ...(Buffer.byteLength(body) > MOST_BYTES
        ? [`returns more than ${MOST_BYTES} bytes, the limit that servers are recommended`]
        : []),
    ];
    return { json, findings: problems.map((problem) => ({ member: "url", problem })) };
  } catch (error) {
    if (call.signal?.aborted || !isAuthError(error)) throw error;
    return found(`cannot be read: ${error.errorMessage}`);
  }
}

async function keyFindings(
  client: Client,
  jwksUri: string,
  call: MetadataCall,
): Promise<readonly ClientMetadataFinding[]> {
  const { json, findings } = await readJson(client, jwksUri, call);
  const problem = json && keysProblem(json);
  const all = problem === undefined ? findings : [{ problem }, ...findings];
  return all.map((finding) => ({ member: "jwks_uri", problem: finding.problem }));
}
