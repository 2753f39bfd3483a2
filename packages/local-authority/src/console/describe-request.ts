import type { Answer, NumberedRequest, RecordedRequest } from "../http/journal.js";
import type { Parameters } from "../http/parameters.js";
import type { AuthorityState } from "../state.js";
import { describeToken, type DescribedToken } from "./describe-token.js";
import { grantNotes, parameterNotes } from "./notes.js";
import { shortenBody, shortenJson, shortenValue, shortenValues, splitUrl } from "./secrets.js";

/** A request in the list: as it was received, with its secrets shortened, and a line that says what it is. */
export interface ListedRequest extends RecordedRequest {
  readonly id: number;
  /** For example `Renews tokens`. */
  readonly title: string;
  /** The name of the app, if the request names one. */
  readonly app?: string;
  readonly user?: string;
  /** The error code of the response. */
  readonly error?: string;
}

/** @param full `true` to leave secrets as they are */
export function listRequest(state: AuthorityState, entry: NumberedRequest, full: boolean): ListedRequest {
  const { id, request, answer } = entry;
  const { query, form, headers, body } = request;
  const clientId = form["client_id"] ?? query["client_id"];
  const user = form["username"] ?? form["user"] ?? query["login_hint"];
  const error = answer?.json?.["error"] ?? redirectError(answer);
  return {
    id,
    title: titleOf(request),
    ...(clientId === undefined ? {} : { app: state.directory.appById(clientId)?.name ?? clientId }),
    ...(user === undefined ? {} : { user }),
    ...(typeof error === "string" ? { error } : {}),
    ...request,
    ...(full
      ? {}
      : {
          query: shortenValues(query),
          form: shortenValues(form),
          headers: shortenValues(headers),
          body: shortenBody(body),
        }),
  };
}

function redirectError(answer: Answer | undefined): string | undefined {
  return answer?.redirect === undefined ? undefined : splitUrl(answer.redirect).parameters["error"];
}

/** A value of a request or a response, explained. */
export interface DescribedValue {
  readonly name: string;
  /** Shortened if it is a secret. */
  readonly value: string;
  readonly note?: string;
  readonly token?: DescribedToken;
}

/** A request with everything that is known about it. */
export interface DescribedRequest extends ListedRequest {
  readonly described: {
    readonly query: readonly DescribedValue[];
    readonly form: readonly DescribedValue[];
    readonly headers: readonly DescribedValue[];
    readonly response: readonly DescribedValue[];
    /** Where the browser is sent, without parameters. */
    readonly redirect?: string;
  };
}

export async function describeRequest(
  state: AuthorityState,
  entry: NumberedRequest,
  full: boolean,
): Promise<DescribedRequest> {
  const { request, answer } = entry;
  const now = Math.floor(request.time / 1000);
  const describe = (values: Parameters) => describeValues(values, now);
  const { address, parameters } = splitUrl(answer?.redirect ?? "");
  const [query, form, headers, response] = await Promise.all([
    describe(request.query),
    describe(request.form),
    describe(request.headers),
    describe({ ...texts(answer?.json ?? {}), ...parameters }),
  ]);
  const redirect = address === "" ? {} : { redirect: address };
  return { ...listRequest(state, entry, full), described: { query, form, headers, response, ...redirect } };
}

function describeValues(values: Parameters, now: number): Promise<readonly DescribedValue[]> {
  return Promise.all(
    Object.entries(values).map(async ([name, value]) => {
      const text = name.toLowerCase() === "authorization" ? value.replace(/^(Bearer|DPoP) /i, "") : value;
      const [note, token] = [noteOn(name.toLowerCase(), value), await describeToken(text, now)];
      return {
        name,
        value: shortenValue(name, value),
        ...(note === undefined ? {} : { note }),
        ...(token === undefined ? {} : { token }),
      };
    }),
  );
}

function noteOn(name: string, value: string): string | undefined {
  const grant = name === "grant_type" && Object.hasOwn(grantNotes, value) ? grantNotes[value] : undefined;
  const note = Object.hasOwn(parameterNotes, name) ? parameterNotes[name] : undefined;
  return grant === undefined ? note : `${grant}. ${note ?? ""}`.trim();
}

/** JSON as text; the secrets inside of it are shortened. */
function texts(json: Readonly<Record<string, unknown>>): Parameters {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(shortenJson(value, name)),
    ]),
  );
}

function titleOf({ endpoint, method, path, form }: RecordedRequest): string {
  const grant = form["grant_type"] ?? "";
  if (endpoint === "token" && Object.hasOwn(grantNotes, grant)) return grantNotes[grant] ?? grant;
  return Object.hasOwn(titles, endpoint) ? (titles[endpoint] ?? endpoint) : `${method} ${path}`;
}

const titles: Readonly<Partial<Record<string, string>>> = {
  authorize: "Begins a sign-in",
  consent: "Answers the consent page",
  "device-code": "Asks for a device code",
  "device-sign-in": "Types a device code",
  "instance-discovery": "Asks which hosts belong together",
  "instance-metadata": "Asks for the region",
  keys: "Reads the signing keys",
  login: "Sends the sign-in page",
  logout: "Signs out",
  "managed-identity": "Asks the host for a token",
  "openid-configuration": "Reads the metadata",
  "protected-resource": "Calls the resource",
  "protected-resource-metadata": "Reads the resource's metadata",
  register: "Registers an app",
  "select-account": "Picks an account",
  token: "Asks for tokens",
  "user-realm": "Asks who verifies the password",
  userinfo: "Reads the user's claims",
  verify: "Answers the second factor",
  "ws-trust": "Sends a password to AD FS",
  "ws-trust-metadata": "Reads the metadata of AD FS",
};
