import { main } from "./main.js";

// Not awaited here: what is loaded later imports from this file, which would then wait for itself.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
