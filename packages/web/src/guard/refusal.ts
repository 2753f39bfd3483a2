/** Why a request is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 503;
  /** Code of RFC 6750 §3.1, RFC 9449 §7.1 or RFC 9470 §3. Absent if there was no token. */
  readonly error?: string;
  /** What the client is told. */
  readonly description?: string;
  /** What the log is told. Never holds a token. */
  readonly reason: string;
  readonly cause?: unknown;
  /** More parameters of the challenge. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Claims to request of Entra, as JSON. */
  readonly claims?: string;
  /** More headers of the response. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the challenges of an API have in common. */
export interface ChallengeContext {
  readonly metadataUrl: string;
  /** The schemes that tokens may be presented with, the preferred one first. */
  readonly schemes: readonly ("Bearer" | "DPoP")[];
  /** Algorithms of DPoP proofs. */
  readonly algorithms: readonly string[];
}

/**
 * Returns the response that refuses a request.
 *
 * @param presented the scheme that the token was presented with
 * @param scope what a client asks for, if it has to ask for a token
 */
export function refusalResponse(
  refusal: Refusal,
  { metadataUrl, schemes, algorithms }: ChallengeContext,
  { presented, scope }: { readonly presented: string | undefined; readonly scope: string | undefined },
): Response {
  const { status, error, description, parameters, claims, headers } = refusal;
  const body = { error: error ?? "unauthorized", ...(description ? { error_description: description } : {}) };
  const response = Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
  if (status === 503) return response;
  const isDpop = presented === "dpop" && error !== undefined;
  const given = {
    ...(error === undefined ? {} : { error }),
    ...(description === undefined ? {} : { error_description: description }),
    ...(scope !== undefined && status === 401 ? { scope } : {}),
    ...parameters,
    ...(claims === undefined ? {} : { claims: Buffer.from(claims).toString("base64") }),
    resource_metadata: metadataUrl,
  };
  const challenges = (isDpop ? (["DPoP"] as const) : schemes).map((scheme) =>
    challenge(scheme, scheme === "DPoP" ? { ...given, algs: algorithms.join(" ") } : given),
  );
  // Clients of Entra look for this error (continuous access evaluation).
  if (claims !== undefined && error !== "insufficient_claims")
    challenges.push(challenge("Bearer", { error: "insufficient_claims", claims: given.claims ?? "" }));
  response.headers.set("www-authenticate", challenges.join(", "));
  return response;
}

function challenge(scheme: string, parameters: Readonly<Record<string, string>>): string {
  return `${scheme} ${Object.entries(parameters)
    .map(([name, value]) => `${name}="${quotable(value)}"`)
    .join(", ")}`;
}

/** Leaves out what a parameter cannot contain (RFC 6750 §3). */
function quotable(value: string): string {
  return value.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "");
}

/** A token that is refused. */
export function invalidToken(
  description: string,
  reason: string,
  cause?: unknown,
): Refusal & { readonly status: 401 } {
  return { status: 401, error: "invalid_token", description, reason, cause };
}

/** Something is away that has to be asked first: nothing is known of the token, and the same request may succeed later. */
export function unavailable(
  description: string,
  {
    reason,
    cause,
    seconds = 1,
  }: Pick<Refusal, "reason" | "cause"> & { readonly seconds?: number | undefined },
): Refusal {
  return {
    status: 503,
    error: "temporarily_unavailable",
    description,
    reason,
    cause,
    headers: { "retry-after": String(Math.max(1, Math.ceil(seconds))) },
  };
}

/** A request that cannot be read. */
export function invalidRequest(description: string): Refusal {
  return { status: 400, error: "invalid_request", description, reason: description };
}
