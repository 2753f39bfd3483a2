// Every credential of @azure/identity that needs no cloud. Prints, by name, the token or the error.
const ofUsers = new Set([
  "OnBehalfOf",
  "AuthorizationCode",
  "UsernamePassword",
  "DeviceCode",
  "InteractiveBrowser",
]);

/** @param identity the module, however it was loaded */
exports.run = async (identity) => {
  const world = JSON.parse(process.env.WORLD);
  const { tenantId, app, desktop, user, userToken, code, redirectUri, federated } = world;
  const { clientId, clientSecret } = app;
  const common = { authorityHost: world.url, disableInstanceDiscovery: true };
  const credentials = {
    ClientSecret: () => new identity.ClientSecretCredential(tenantId, clientId, clientSecret, common),
    ClientCertificate: () =>
      new identity.ClientCertificateCredential(
        tenantId,
        clientId,
        { certificate: world.certificate },
        common,
      ),
    ClientAssertion: () =>
      new identity.ClientAssertionCredential(
        tenantId,
        federated.clientId,
        async () => federated.token,
        common,
      ),
    OnBehalfOf: () =>
      new identity.OnBehalfOfCredential({
        tenantId,
        clientId,
        clientSecret,
        userAssertionToken: userToken,
        ...common,
      }),
    AuthorizationCode: () =>
      new identity.AuthorizationCodeCredential(tenantId, clientId, clientSecret, code, redirectUri, common),
    UsernamePassword: () =>
      new identity.UsernamePasswordCredential(tenantId, desktop, user.username, user.password, common),
    DeviceCode: () =>
      new identity.DeviceCodeCredential({
        tenantId,
        clientId: desktop,
        userPromptCallback: ({ message }) => process.send({ message }),
        ...common,
      }),
    InteractiveBrowser: () =>
      new identity.InteractiveBrowserCredential({ tenantId, clientId: desktop, ...common }),
    WorkloadIdentity: () =>
      new identity.WorkloadIdentityCredential({
        tenantId,
        clientId: federated.clientId,
        tokenFilePath: federated.file,
        ...common,
      }),
    AzurePipelines: () =>
      new identity.AzurePipelinesCredential(
        tenantId,
        federated.clientId,
        "connection",
        "system token",
        common,
      ),
    Environment: () => new identity.EnvironmentCredential(common),
    ManagedIdentity: () => new identity.ManagedIdentityCredential(),
    "ManagedIdentity of a user": () => new identity.ManagedIdentityCredential(world.managedIdentity),
    DefaultAzure: () => new identity.DefaultAzureCredential(common),
    ChainedToken: () =>
      new identity.ChainedTokenCredential(
        new identity.ClientSecretCredential(tenantId, clientId, clientSecret, common),
      ),
  };
  for (const [name, make] of Object.entries(credentials)) {
    const scope = ofUsers.has(name) ? world.scopes.user : world.scopes.app;
    const result = await Promise.resolve()
      .then(() => make().getToken(scope))
      .then(
        ({ token }) => token,
        (error) => `${error.name}: ${error.message}`,
      );
    process.send({ name, result });
  }
  process.disconnect();
};
