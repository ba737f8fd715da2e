import type { Command } from 'commander';

import type { AddCommand } from './command.js';

/** Commands that the manual names and this version does not have: wrong usage, said plainly. */
const LATER: readonly (readonly [string, string])[] = [
  ['bench', 'unfused against fused: latency and throughput'],
];

export const addLater: AddCommand = (program) => {
  for (const [name, description] of LATER) {
    program
      .command(name)
      .description(`${description} (not in this version)`)
      .argument('[model...]')
      .allowUnknownOption()
      .action((_models: unknown, _options: unknown, command: Command) => {
        command.error(`error: this version of convfuse does not have the command '${name}' yet`);
      });
  }
};
