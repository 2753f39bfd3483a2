// Preloaded into a process of a test: its clock stands at the time that the test sends, as the clocks of tests do.
let time = Date.now();
Date.now = () => time;
process.on("message", (sent) => {
  time = sent;
  process.send("moved");
});
