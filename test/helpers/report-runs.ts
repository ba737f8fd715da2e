// Runs whose reports tests look at, without a run.

import type { FileReport, FuseRun, SiteReport } from '#convfuse/index.js';

/** A site that fused, unless told otherwise. */
export function site(changes: Partial<SiteReport> = {}): SiteReport {
  return {
    rule: 'fuse-batch-norm-into-conv',
    node: 'bn_1',
    into: 'conv_1',
    verdict: 'fused',
    reason: undefined,
    detail: undefined,
    check: { error: 0.123456, bound: 7.8125e-9, samples: 36 },
    ...changes,
  };
}

/** A model that fused, unless told otherwise. */
export function fileReport(changes: Partial<FileReport> = {}): FileReport {
  return {
    input: 'models/a.onnx',
    output: 'out/a.fused.onnx',
    status: 'fused',
    error: undefined,
    before: {
      nodes: 41,
      ops: { Conv: 20, BatchNormalization: 17, Relu: 4 },
      bytes: 1234567,
      parameters: 98765,
      macs: 1814073344,
      launches: 24,
      trafficBytes: 55555555,
    },
    after: {
      nodes: 24,
      ops: { Conv: 20, Relu: 4 },
      bytes: 1200000,
      parameters: 98000,
      macs: 1814073344,
      launches: 21,
      trafficBytes: 44444444,
    },
    sites: [
      site(),
      site({ node: 'bn_2', into: 'conv_2', check: undefined }),
      site({
        node: 'bn_3',
        into: undefined,
        verdict: 'skipped',
        reason: 'graph-output',
        detail: 'its input y is an output',
        check: undefined,
      }),
    ],
    verification: {
      status: 'passed',
      reason: undefined,
      runs: 3,
      seed: 11,
      maxAbs: 4.76837158203125e-7,
      relL2: 1.9876e-7,
      worst: { output: 'logits', index: 777, expected: -0.1357911, actual: -0.1357914 },
    },
    milliseconds: { read: 12.3456, fuse: 45.6789, verify: 1234.5678, write: 7.6543 },
    ...changes,
  };
}

/** What a failed model leaves. */
export function failedReport(changes: Partial<FileReport> = {}): FileReport {
  return fileReport({
    input: 'models/bad.onnx',
    output: undefined,
    status: 'failed',
    error: { code: 'ERR_PARSE', message: 'the file ends at byte 200, inside a record' },
    before: undefined,
    after: undefined,
    sites: [],
    verification: undefined,
    milliseconds: { read: 0.5, fuse: 0, verify: 0, write: 0 },
    ...changes,
  });
}

export function fuseRun(models: readonly FileReport[], changes: Partial<FuseRun> = {}): FuseRun {
  return {
    models,
    found: models.length,
    interrupted: false,
    options: [
      { name: '--level', value: 'extended' },
      { name: '--runs', value: '3' },
    ],
    version: '1.2.3',
    machine: {
      cpu: 'A CPU @ 3.00GHz',
      cores: 2,
      node: 'v20.20.2',
      platform: 'linux-x64',
      backend: { name: 'native', isa: 'avx2', threads: 2, reason: 'the addon loaded' },
      caches: [
        { level: 1, bytes: 32768 },
        { level: 2, bytes: 1048576 },
      ],
    },
    ...changes,
  };
}

/** Names that nobody should give to a node. What each would do is beside it. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '</title></head><body onload=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '<!-- a comment that eats the rest',
  ']]><![CDATA[',
  '&lt;already&amp;escaped&#39;&nbsp;&bogus',
  '${7*7}{{7*7}}`',
  'javascript:alert(1)',
  '\u0000nul\u0001\u001b[31mred\r\nForged: line\u2028\u2029\u0085',
  '\u202egnp.exe\u202c \u2066a\u2069 \u200e\u200f\u061c turned around',
  'zero\u200bwidth\u200d\ufeff\u00ad\u2060',
  'lone \ud800 half \udc00',
  '\ufffe\uffff\u{1fffe} \u{e0041}\u{e0042} tags',
  `z${'\u0301\u0353'.repeat(200)}algo`,
  'x'.repeat(1_000_000),
  '\ud83d\ude00'.repeat(5000),
  '__proto__',
  'constructor',
  '',
];
