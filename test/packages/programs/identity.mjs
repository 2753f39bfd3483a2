import * as identity from "@azure/identity";
import { run } from "./credentials.cjs";

await run(identity);
