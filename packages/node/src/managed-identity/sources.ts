import { appService } from "./app-service.js";
import { azureArc } from "./azure-arc.js";
import { cloudShell } from "./cloud-shell.js";
import { imds } from "./imds.js";
import { machineLearning } from "./machine-learning.js";
import { serviceFabric } from "./service-fabric.js";
import type { Environment, ManagedIdentitySource } from "./source.js";

/** The first source that the environment has is used. */
const SOURCES: readonly ManagedIdentitySource[] = [
  serviceFabric,
  appService,
  machineLearning,
  cloudShell,
  azureArc,
];

/** Returns the source of the environment; IMDS, which no variable announces, if there is no other one. */
export function sourceIn(environment: Environment): ManagedIdentitySource {
  return SOURCES.find((source) => source.isIn(environment)) ?? imds;
}
