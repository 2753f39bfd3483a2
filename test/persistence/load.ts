/** Whether to run at the size that the promise names, by hand: `PERSISTENCE_LOAD=full`. Otherwise a sample of it runs. */
export const full = process.env["PERSISTENCE_LOAD"] === "full";
