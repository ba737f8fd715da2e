import type { MachineInfo } from '../api/machine-info.js';
import type { FileReport } from '../api/report.js';

/** A run of `fuse`, as its report tells it. */
export interface FuseRun {
  /** What --json prints: one report for each model that was worked on. */
  readonly models: readonly FileReport[];
  /** Models that the run was to work on: more than there are reports when it was interrupted. */
  readonly found: number;
  readonly interrupted: boolean;
  /** Options as a user gives them, with their values. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
  readonly version: string;
  readonly machine: MachineInfo;
}
