import type { LocalAuthority } from "@tessera/local-authority";
import { Agent, request, type Dispatcher } from "undici";

/** What an endpoint of the console answered. */
export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; empty when it is none. */
  readonly json: ConsoleJson;
}

/** A JSON body, with the members that tests read one by one. Most are only compared. */
export interface ConsoleJson {
  readonly [name: string]: unknown;
  readonly id: number;
  readonly url: string;
  readonly now: string;
  readonly offset: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly token: string;
  readonly faults: readonly object[];
  readonly requests: readonly { readonly id: number }[];
  readonly running: readonly object[];
  readonly users: readonly { readonly username: string; readonly disabled: boolean }[];
  readonly described: Readonly<
    Record<"query" | "form" | "headers" | "response", readonly { name: string }[]>
  > & {
    readonly redirect?: string;
  };
}

/** A request as a test in any language would send it. */
export async function consoleCall(
  { url }: Pick<LocalAuthority, "url">,
  method: Dispatcher.HttpMethod,
  path: string,
  { json, headers = {}, ca }: { json?: unknown; headers?: Record<string, string>; ca?: string } = {},
): Promise<ConsoleAnswer> {
  const {
    statusCode,
    headers: received,
    body,
  } = await request(`${url}${path}`, {
    method,
    headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: json === undefined ? undefined : typeof json === "string" ? json : JSON.stringify(json),
    dispatcher: new Agent({ pipelining: 0, connect: { ca } }),
  });
  const text = await body.text();
  return { status: statusCode, headers: received, text, json: text.startsWith("{") ? JSON.parse(text) : {} };
}
