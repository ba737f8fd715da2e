#!/usr/bin/env node
import { EXIT_BY_SIGNAL } from './exit-codes.js';
import { showWarnings, watchOutput } from './print.js';
import { runProgram } from './program.js';

watchOutput();
showWarnings();
const code = await runProgram(process.argv.slice(2));
process.exitCode = code;
// After an interruption: Node restores the default effect of signals while it exits by itself, and
// a second one would kill the process without its exit code. So exit now that output is written.
if (code > EXIT_BY_SIGNAL) process.stdout.write('', () => process.exit());
