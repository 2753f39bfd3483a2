import { inspect } from "node:util";

/** Members of a response, and parameters of a request, whose values only the application and the provider may see. */
const SECRET =
  /^(access_token|actor_token|assertion|client_assertion|client_secret|code|code_verifier|device_code|id_token|logout_token|password|refresh_token|registration_access_token|subject_token|token|user_federated_identity_credential)$/;

/** Texts are compared word by word. Shorter words may be anything. */
const WORD = /[\w-]{16,}/g;
const LENGTH = 16;
/** A real secret has more different characters in its first {@link LENGTH} than filler such as `xxxx…`. */
const LEAST_CHARACTERS = 4;
/** Scripted providers make their tokens of the IDs of tenants and users, and of the names of grants. */
const ID = /^([\da-f]{8}-[\da-f]{4}-|authorization_code|client_credentials)/;

/** What was issued in a test file, and what the library showed of it. */
export class LeakSearch {
  /** The first characters of every word of every secret, with the secret's name. */
  readonly #issued = new Map<string, string>();
  /** The first characters of every word that was shown, with the text. */
  readonly #shown = new Map<string, string>();

  /** Notes a secret. */
  issue(name: string, value: unknown): void {
    if (typeof value !== "string" || !SECRET.test(name)) return;
    for (const [word] of value.matchAll(WORD)) {
      const start = word.slice(0, LENGTH);
      if (!ID.test(word) && new Set(start).size >= LEAST_CHARACTERS) this.#issued.set(start, name);
    }
  }

  /** Notes the secrets in a JSON document, or in a form. */
  issueIn(text: string): void {
    if (text.startsWith("{")) {
      try {
        for (const [name, value] of Object.entries(JSON.parse(text) as object)) this.issue(name, value);
      } catch {
        // A provider that misbehaves.
      }
    } else for (const [name, value] of new URLSearchParams(text)) this.issue(name, value);
  }

  /** Notes what the library shows: a log line, an error, or what is known of a span. */
  show(what: string, value: unknown): void {
    const text = typeof value === "string" ? value : inspect(value, { depth: 8 });
    for (const [word] of text.matchAll(WORD)) {
      const start = word.slice(0, LENGTH);
      if (!this.#shown.has(start)) this.#shown.set(start, `${what}: ${text.slice(0, 500)}`);
    }
  }

  /** The secrets that were shown. */
  leaks(): readonly string[] {
    return [...this.#shown].flatMap(([start, text]) => {
      const name = this.#issued.get(start);
      return name === undefined ? [] : [`${name} in ${text}`];
    });
  }
}
