#!/usr/bin/env node
"use strict";

// Runs the command in this one's place: same terminal, same signals, same end.

const { spawn } = require("node:child_process");
const { path } = require("./index.cjs");

const child = spawn(path, process.argv.slice(2), { stdio: "inherit" });
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
// At a terminal the child has them by itself; what is sent to this process alone is passed on.
const pass = (signal) => child.kill(signal);
for (const signal of signals) process.on(signal, pass);
child.on("error", (error) => {
  console.error(`bedrock-nova cannot be run: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  for (const each of signals) process.off(each, pass);
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
});
