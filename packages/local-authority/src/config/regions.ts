/**
 * Returns the host names of the regions of Azure's public cloud, `{region}.localhost`, for the server's certificate.
 * Node rejects wildcards directly below a top-level domain, so each region is listed.
 *
 * @param another an additional region
 */
export function regionalHosts(another?: string): readonly string[] {
  const all = new Set(another === undefined ? regions : [...regions, another]);
  return [...all].map((region) => `${region}.localhost`);
}

const regions: readonly string[] = (
  "australiacentral australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth brazilsoutheast " +
  "canadacentral canadaeast centralindia centralus chilecentral denmarkeast eastasia eastus eastus2 eastus3 " +
  "francecentral francesouth germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast " +
  "japanwest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth northcentralus northeurope " +
  "norwayeast norwaywest polandcentral qatarcentral southafricanorth southafricawest southcentralus southeastasia " +
  "southindia spaincentral swedencentral swedensouth switzerlandnorth switzerlandwest uaecentral uaenorth uksouth " +
  "ukwest westcentralus westeurope westindia westus westus2 westus3"
).split(" ");
