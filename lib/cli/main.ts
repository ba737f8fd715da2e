#!/usr/bin/env node
import { ignoreClosedPipes, showWarnings } from './print.js';
import { runProgram } from './program.js';

ignoreClosedPipes();
showWarnings();
process.exitCode = await runProgram(process.argv.slice(2));
