import type { MachineInfo } from '../api/machine-info.js';
import type { FileReport } from '../api/report.js';

/** A run of `fuse`: everything that its HTML report shows. */
export interface FuseRun {
  /** What --json prints: one report for each model that was worked on. */
  readonly models: readonly FileReport[];
  /** The number of models that the run was given. An interrupted run has fewer reports. */
  readonly found: number;
  readonly interrupted: boolean;
  /** Options as a user gives them, with their values. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
  readonly version: string;
  readonly machine: MachineInfo;
}
