import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@tessera/node";

export interface RecordedRequest {
  /** `GET {url}` or `POST {url}`, without the query. */
  readonly line: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  /** As they were handed over. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a network answers; nothing means that the connection breaks. */
export type Respond = (
  request: RecordedRequest,
) => { readonly status?: number; readonly body: unknown } | undefined;

/** A network of the app's own (`system.networkClient`) on which every host of the world can answer. */
export interface RecordedNetwork extends INetworkModule {
  readonly requests: readonly RecordedRequest[];
  /** The lines of the requests so far. */
  lines(): readonly string[];
  clear(): void;
}

export function recordedNetwork(respond: Respond): RecordedNetwork {
  const requests: RecordedRequest[] = [];
  const send = async <T>(
    method: string,
    url: string,
    options: NetworkRequestOptions = {},
  ): Promise<NetworkResponse<T>> => {
    const [path = "", query = ""] = url.split("?", 2);
    const form = new URLSearchParams(options.body);
    const request = {
      line: `${method} ${path}`,
      query: new URLSearchParams(query),
      form,
      headers: { ...options.headers },
    };
    requests.push(request);
    const answer = respond(request);
    if (!answer) throw new Error("connection reset");
    return { status: answer.status ?? 200, headers: {}, body: answer.body as T };
  };
  return {
    requests,
    lines: () => requests.map(({ line }) => line),
    clear: () => {
      requests.length = 0;
    },
    sendGetRequestAsync: (url, options) => send("GET", url, options),
    sendPostRequestAsync: (url, options) => send("POST", url, options),
  };
}
