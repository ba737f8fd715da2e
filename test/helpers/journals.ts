// Records of a journal that no run wrote.

import type { JournalRecord } from '#convfuse/batch/journal-record.js';

/** A record with everything in it that a report may have. */
export function sampleRecord(key = 'm.fused.onnx'): JournalRecord {
  const summary = {
    nodes: 3,
    ops: { BatchNormalization: 1, Conv: 2 },
    bytes: 1000,
    parameters: 100,
    macs: undefined,
    launches: 2,
    trafficBytes: 400,
  };
  return {
    key,
    version: '0.1.0',
    options: 'a'.repeat(64),
    input: { sha256: 'b'.repeat(64), data: [{ name: 'w.bin', sha256: 'c'.repeat(64) }] },
    output: { sha256: 'd'.repeat(64), data: [] },
    report: {
      input: 'm.onnx',
      output: 'm.fused.onnx',
      status: 'fused',
      error: undefined,
      before: summary,
      after: { ...summary, macs: 12 },
      sites: [
        {
          rule: 'fuse-batch-norm-into-conv',
          node: 'bn \u001b[31m\u2028 "quoted"',
          into: 'conv',
          verdict: 'fused',
          reason: undefined,
          detail: undefined,
          check: { error: 0.25, bound: 1e-9, samples: 36 },
        },
        {
          rule: 'fuse-batch-norm-into-conv',
          node: 'bn_2',
          into: undefined,
          verdict: 'skipped',
          reason: 'graph-output',
          detail: 'y is an output',
          check: undefined,
        },
      ],
      verification: {
        status: 'passed',
        reason: undefined,
        runs: 2,
        seed: 0,
        maxAbs: Infinity,
        relL2: 1e-7,
        worst: { output: 'y', index: 3, expected: NaN, actual: -Infinity },
      },
      milliseconds: { read: 1.5, fuse: 2, verify: 3.25, write: 0 },
    },
  };
}
