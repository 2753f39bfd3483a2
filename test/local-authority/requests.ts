import type { LocalAuthority } from "@tessera/local-authority";
import { Agent, request } from "undici";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, string | undefined>>;

/** A request as any HTTP client would send it, trusting only the authority's own CA. */
export async function get(
  authority: LocalAuthority,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return send(authority, "GET", path, headers);
}

/** Fields that are `undefined` are left out. */
export async function post(
  authority: LocalAuthority,
  path: string,
  fields: Fields,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const defined = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const form = new URLSearchParams(defined).toString();
  return send(
    authority,
    "POST",
    path,
    { "content-type": "application/x-www-form-urlencoded", ...headers },
    form,
  );
}

/** A body of any other kind; `headers` say which. */
export async function postText(
  authority: LocalAuthority,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<Answer> {
  return send(authority, "POST", path, headers, body);
}

async function send(
  authority: LocalAuthority,
  method: "GET" | "POST",
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> {
  const dispatcher = new Agent({ connect: { ca: authority.caPem || undefined }, pipelining: 0 });
  const {
    statusCode,
    headers: received,
    body: answer,
  } = await request(`${authority.url}${path}`, {
    dispatcher,
    method,
    headers,
    body,
  });
  const text = await answer.text();
  return { status: statusCode, headers: received, text, json: text.startsWith("{") ? JSON.parse(text) : {} };
}
