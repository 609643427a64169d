#!/usr/bin/env node
// `npx backchat`: the program, in this process.
"use strict";

const native = require("../lib/native.js");

process.exit(native.runCli(["backchat", ...process.argv.slice(2)]));
