// What every program pays before it does anything.
console.log("no.token.here");
