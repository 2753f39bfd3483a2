/** Whether to run at the size that the promise names, by hand: `FARM_LOAD=full`. Otherwise a sample of it runs. */
export const full = process.env["FARM_LOAD"] === "full";
