import type { WebStore } from "../web-store.js";
import { json } from "./pages.js";
import { problemPage } from "./problem.js";
import { isReadByUser } from "./return-to.js";
import type { Site } from "./site.js";

const NAME = "WebStoreError";
const RETRY_AFTER = { "retry-after": "1" };

/** Returns a store whose failures can be told from other errors. */
export function namedFailures(store: WebStore): WebStore {
  return {
    get: async (key) => named(async () => store.get(key)),
    set: async (key, text, seconds) => named(async () => store.set(key, text, seconds)),
    take: async (key) => named(async () => store.take(key)),
    delete: async (key) => named(async () => store.delete(key)),
    ...(store.add
      ? {
          add: async (key, text, seconds) =>
            named(async () => (await store.add?.(key, text, seconds)) ?? false),
        }
      : {}),
  };
}

async function named<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const error = new Error("The store of the sessions fails.", { cause });
    error.name = NAME;
    // Express answers with `status` and `headers`, Fastify with `statusCode`.
    throw Object.assign(error, { status: 503, statusCode: 503, headers: RETRY_AFTER });
  }
}

/**
 * Answers a request for which the store would have been needed: the same request may succeed later. Any other error is thrown on.
 */
export async function answerToFailure(site: Site, request: Request, error: unknown): Promise<Response> {
  if (!(error instanceof Error) || error.name !== NAME) throw error;
  if (!isReadByUser(request)) return json(503, { error: "temporarily_unavailable" }, RETRY_AFTER);
  const response = await problemPage(site, request, { status: 503, code: "store_unavailable", error });
  response.headers.set("retry-after", RETRY_AFTER["retry-after"]);
  return response;
}
