/**
 * The hosts of the regions of Azure's public cloud, for the server's certificate: `{region}.localhost`. A wildcard would
 * not do: Node takes none directly under a top-level domain.
 *
 * @param another a region to add
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
