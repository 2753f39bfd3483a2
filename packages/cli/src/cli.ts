import { main } from "./main.js";

// A program that ends before it is done has failed.
process.exitCode = 1;
// Not awaited at the top: what is loaded later imports from this file, and would wait for it in turn.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
