import {
  createClient,
  type AuthenticationResult,
  type Client,
  type ClientCredential,
  type ClientOptions,
} from "@tessera/core";
import { acrossApps, requiredText, sha256Base64Url, wrongType } from "@tessera/core/internal";
import { checkConfiguration } from "../check-configuration.js";
import { closeClient } from "../close-client.js";
import type { Configuration } from "../configuration.js";
import { isGiven, onlyCredential } from "../credential/credential.js";
import { EndpointsApplication } from "../endpoints-application.js";
import type {
  AcrossAppsRequest,
  OtherServerClient,
  SilentFlowRequest,
  TokenExchangeRequest,
} from "../requests.js";
import { identityAssertion, requireUser, subjectOf, type CompanyApplication } from "./identity-assertion.js";

/** Base class of public and confidential clients: tokens of other companies' servers. */
export abstract class CrossAppApplication extends EndpointsApplication implements CompanyApplication {
  readonly #configuration: Configuration;
  readonly #others = new Map<string, OtherServer>();

  /** @throws ClientConfigurationError for any mistake in the configuration */
  protected constructor(
    configuration: Configuration,
    credential: ClientCredential,
    own?: Pick<ClientOptions, "separatesResources">,
  ) {
    super(configuration, credential, own);
    this.#configuration = configuration;
  }

  abstract acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult>;
  abstract acquireTokenByTokenExchange(request: TokenExchangeRequest): Promise<AuthenticationResult>;

  /**
   * Acquires a token of another company's server for a user of this application, without asking the user: the application's
   * provider vouches for the user with an identity assertion ("cross-app access"), which the other server takes in place of a
   * sign-in. The token is cached, and equal concurrent calls share one request. This is a draft and may change.
   *
   * @param request `audience` is the issuer of the other server, `client` this application's registration there
   * @throws ServerError for an error response of either server, such as `invalid_grant` when a policy forbids it;
   * ClientConfigurationError naming the field
   * @see draft-ietf-oauth-identity-assertion-authz-grant
   * @example
   * ```ts
   * const { accessToken } = await app.acquireTokenAcrossApps({
   *   account,
   *   audience: "https://auth.chat.example",
   *   resource: "https://chat.example/mcp",
   *   scopes: ["messages.read"],
   *   client: { clientId: "contoso-at-chat", clientSecret },
   * });
   * ```
   */
  acquireTokenAcrossApps(request: AcrossAppsRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenAcrossApps", request, () => {
      const checked = this.checked(request);
      const { account, idToken, audience, resource, client, scopes = [], ...call } = checked;
      const { correlationId = "" } = call;
      requiredText(audience, "audience", "pass the issuer of the other server.", correlationId);
      requiredText(resource, "resource", "pass the identifier of the resource (RFC 9728).", correlationId);
      requireUser({ account, idToken });
      const other = this.#clientAt(audience, client);
      return acrossApps(
        other,
        { ...call, scopes },
        {
          subject: [this.client.defaultAuthority, ...subjectOf({ account, idToken }), resource],
          assertion: ({ call }, isNew) =>
            identityAssertion(this, { account, idToken }, { audience, resource, scopes, isNew }, call),
        },
      );
    });
  }

  override async close(): Promise<void> {
    const others = Array.from(this.#others.values(), ({ close }) => close());
    await Promise.all([super.close(), ...others]);
  }

  /** Returns the application's client at another server, the same for equal registrations. */
  #clientAt(audience: string, registration: OtherServerClient): Client {
    if (typeof registration?.clientId !== "string" || registration.clientId === "")
      throw wrongType(
        "client",
        registration,
        "the registration at the other server: { clientId, clientSecret }",
      );
    const key = sha256Base64Url(JSON.stringify([audience, registration], functionsByName));
    const known = this.#others.get(key);
    if (known) return known.client;
    const { clientSecret, clientCertificate, clientAssertion } = registration;
    const isConfidential = [clientSecret, clientCertificate, clientAssertion].some(isGiven);
    const credential: ClientCredential = isConfidential ? onlyCredential(registration) : { kind: "none" };
    const { cache, system, telemetry } = this.#configuration;
    const { loggerOptions: _, ...options } = checkConfiguration(
      {
        auth: { ...registration, oidcAuthority: audience },
        ...(cache ? { cache } : {}),
        ...(system ? { system } : {}),
        ...(telemetry ? { telemetry } : {}),
      },
      credential,
    );
    const logger = () => this.logger;
    const other = createClient({ ...options, credential, logger, observer: this.telemetry.observer });
    const [oldest] = this.#others;
    if (oldest && this.#others.size >= MAX_OTHERS) {
      this.#others.delete(oldest[0]);
      void oldest[1].close();
    }
    this.#others.set(key, { client: other, close: () => closeClient(other, options.http) });
    return other;
  }
}

/** How many registrations at other servers an application remembers. */
const MAX_OTHERS = 100;

interface OtherServer {
  readonly client: Client;
  readonly close: () => Promise<void>;
}

const names = new WeakMap<object, number>();
let last = 0;

/** A function is the same registration only if it is the same function. */
function functionsByName(_: string, value: unknown): unknown {
  if (typeof value !== "function") return value;
  const name = names.get(value) ?? (last += 1);
  names.set(value, name);
  return `function ${name}`;
}
