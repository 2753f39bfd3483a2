// Preloaded into a process of a test: its clock stands at the time that the test sends, as the clocks of tests do.
process.on("message", (time) => {
  Date.now = () => time;
  process.send("moved");
});
