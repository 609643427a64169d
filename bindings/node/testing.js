"use strict";

const { Sandbox } = require("./lib/sandbox.js");

exports.Sandbox = Sandbox;
