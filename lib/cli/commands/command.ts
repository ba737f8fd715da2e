import type { Command } from 'commander';

/** Gives a command its arguments, options and action, which tells its exit code when it has run. */
export type AddCommand = (command: Command, done: (exitCode: number) => void) => void;
