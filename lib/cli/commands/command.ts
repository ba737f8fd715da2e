import type { Command } from 'commander';

/** Adds a command's arguments, options and action, which passes its exit code to `done`. */
export type AddCommand = (command: Command, done: (exitCode: number) => void) => void;
