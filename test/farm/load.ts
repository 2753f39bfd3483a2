/** Whether to run at the size that the promise names, by hand: `FARM_LOAD=full`. Otherwise a sample of it runs. */
export const full = process.env["FARM_LOAD"] === "full";

/** How many calls a process makes at the same time: fewer on a machine that others use, too. */
export const atOnce = Number(process.env["FARM_AT_ONCE"] ?? 16);

/** Whether to run with each client library also at the size of a sample: `FARM_LIBRARIES=all`. */
export const withAllLibraries = full || process.env["FARM_LIBRARIES"] === "all";
