import type { AddCommand } from './commands/command.js';

/**
 * The commands, in the order of the help. The code of a command, and the library with it, is loaded
 * when the command is called: help, a version and a mistyped name need neither.
 */
export const COMMANDS: readonly {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<AddCommand>;
}[] = [
  {
    name: 'fuse',
    description: 'fuse models, check the results and write them',
    load: async () => (await import('./commands/fuse.js')).addFuse,
  },
  {
    name: 'inspect',
    description: 'op counts, types, what could fuse, memory, MACs',
    load: async () => (await import('./commands/inspect.js')).addInspect,
  },
  {
    name: 'verify',
    description: 'compare two models on the same inputs',
    load: async () => (await import('./commands/verify.js')).addVerify,
  },
  {
    name: 'run',
    description: 'run a model on inputs from files',
    load: async () => (await import('./commands/run.js')).addRun,
  },
  {
    name: 'bench',
    description: 'unfused against fused: latency and throughput, by layer and as a whole',
    load: async () => (await import('./commands/bench.js')).addBench,
  },
  {
    name: 'activations',
    description: 'what swapping GELU, Swish or Mish for ReLU would do to outputs and time',
    load: async () => (await import('./commands/activations.js')).addActivations,
  },
  {
    name: 'rules',
    description: 'the rule table: formula, conditions, example',
    load: async () => (await import('./commands/rules.js')).addRules,
  },
  {
    name: 'info',
    description: 'version, backend and why, ISA, threads, caches',
    load: async () => (await import('./commands/info.js')).addInfo,
  },
];
