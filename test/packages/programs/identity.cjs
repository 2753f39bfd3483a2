require("./credentials.cjs").run(require("@azure/identity"));
