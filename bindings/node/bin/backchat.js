#!/usr/bin/env node
// `npx backchat`: the program, in this process.
"use strict";

const native = require("../lib/native.js");

// Node's own handler of an interrupt raises it again, and a program that listens too would hear it
// for ever. A listener that comes and goes leaves the system's default in its place.
const passing = () => {};
process.on("SIGINT", passing).off("SIGINT", passing);

process.exit(native().runCli(["backchat", ...process.argv.slice(2)]));
