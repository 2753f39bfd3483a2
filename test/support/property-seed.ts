import fc from "fast-check";

// The same sequences every time, so that a failure is the code's; another seed explores others: FC_SEED=1 pnpm jest ….
fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_261_121) });
