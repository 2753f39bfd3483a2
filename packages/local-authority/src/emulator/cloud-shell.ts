import { systemAssigned } from "./asked-identity.js";
import { HostError, type HostGround, type IdentityEndpoint } from "./emulated-host.js";
import { requireMetadata } from "./imds.js";
import { tokenFields } from "./token-fields.js";

/** Cloud Shell, the only host that is asked with a form. Its tokens are those of the system-assigned identity. */
export function cloudShell({ state, url, tokens }: HostGround): IdentityEndpoint {
  const path = "/oauth2/token";
  return {
    method: "POST",
    path,
    environment: { MSI_ENDPOINT: `${url}${path}` },
    answer: async (request) => {
      requireMetadata(request);
      const { resource } = request.form;
      if (!resource) throw new HostError(400, "InvalidRequest", "The parameter resource is missing.");
      const identity = systemAssigned(state.config.managedIdentities);
      if (identity === undefined) throw new HostError(400, "IdentityNotFound", "Identity not found.");
      return tokenFields(await tokens.issue(identity, resource, request.query), state.clock.seconds());
    },
    errorBody: ({ code, message }) =>
      code === "invalid_resource"
        ? { error: { code: "AudienceNotSupported", message } }
        : { error: { code, message } },
  };
}
