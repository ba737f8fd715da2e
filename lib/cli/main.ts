#!/usr/bin/env node
import { EXIT_BY_SIGNAL } from './exit-codes.js';
import { showWarnings, watchOutput } from './print.js';
import { runProgram } from './program.js';

watchOutput();
showWarnings();
const code = await runProgram(process.argv.slice(2));
process.exitCode = code;
// Interrupted. Node gives signals their default effect again while it winds down by itself, and a second
// one would then kill the process without its exit code: leave at once, after what was printed.
if (code > EXIT_BY_SIGNAL) process.stdout.write('', () => process.exit());
