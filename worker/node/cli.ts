/** The command line, in Node. */
console.log("masklet");
