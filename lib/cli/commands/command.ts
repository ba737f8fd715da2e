import type { Command } from 'commander';

/** Hangs a command on the program; it tells its exit code when it has run. */
export type AddCommand = (program: Command, done: (exitCode: number) => void) => void;
