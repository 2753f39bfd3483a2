// Published programs, each driven through its own code to the token it sends. Usage: node programs.mjs NAME

const world = JSON.parse(process.env.WORLD);
const { tenantId, app, scopes, api } = world;
const authority = `https://login.microsoftonline.com/${tenantId}`;

const programs = {
  /** A request to an API, which the behavior of the library authorizes. */
  async "@pnp/nodejs"() {
    const { MSAL, NodeFetch } = await import("@pnp/nodejs");
    const queryable = await import("@pnp/queryable");
    const query = new queryable.Queryable(api).using(
      MSAL({ auth: { authority, ...app } }, [scopes.app]),
      NodeFetch(),
      queryable.DefaultParse(),
      queryable.ResolveOnData(),
      queryable.RejectOnError(),
    );
    return [(await queryable.op(query, queryable.get)).token];
  },

  /** What a bot signs its requests to the channel with. */
  async "botframework-connector"() {
    const { MicrosoftAppCredentials } = await import("botframework-connector");
    const resource = scopes.app.replace("/.default", "");
    const bySecret = new MicrosoftAppCredentials(app.clientId, app.clientSecret, tenantId, resource);
    const { headers } = await bySecret.signRequest({});
    return [headers.get("authorization").replace("Bearer ", "")];
  },

  /** An agent's connection. */
  async "@microsoft/agents-hosting"() {
    const { loadAuthConfigFromEnv, MsalTokenProvider } = await import("@microsoft/agents-hosting");
    const provider = new MsalTokenProvider(loadAuthConfigFromEnv());
    const resource = scopes.app.replace("/.default", "");
    return [await provider.getAccessToken(resource)];
  },

  /** A bot of Teams: its own token, and the one for Graph. */
  async "@microsoft/teams.apps"() {
    const { App } = await import("@microsoft/teams.apps");
    const { tokenManager } = new App({ ...app, tenantId });
    return [await tokenManager.getBotToken(), await tokenManager.getGraphToken()].map(String);
  },

  /** A database driver, whose server asks for a token. */
  async tedious() {
    const { Connection } = (await import("tedious")).default;
    const { startDatabase } = await import("./database.mjs");
    const database = await startDatabase(scopes.app.replace("/.default", ""), authority);
    const connection = new Connection({
      server: "127.0.0.1",
      options: { port: database.port, encrypt: false },
      authentication: {
        type: "azure-active-directory-service-principal-secret",
        options: { ...app, tenantId },
      },
    });
    const failed = new Promise((_, reject) => {
      connection.on("connect", (error) => reject(error ?? new Error("connected without a token")));
    });
    connection.connect();
    const token = await Promise.race([database.token, failed]);
    failed.catch(() => undefined);
    connection.close();
    database.close();
    return [token];
  },
};

const tokens = await programs[process.argv[2]]();
// A driver that was refused waits before it tries again.
process.send({ tokens }, () => process.exit());
