import type {
  FileReport,
  ModelSummary,
  SiteReport,
  VerificationReport,
  WorstElement,
} from '../api/report.js';
import type { Reason, SiteCheck } from '../rewrite/rule.js';
import type { StoredFields } from './stored-fields.js';

/**
 * Reads the report of a finished model from a journal. Keys whose value is undefined, which JSON leaves
 * out, are added again in their places. It throws if the fields are not those of such a report.
 */
export function readReport(stored: StoredFields): FileReport {
  const milliseconds = stored.fields('milliseconds');
  return {
    input: stored.text('input'),
    output: stored.optionalText('output'),
    status: stored.choice('status', ['fused', 'unchanged']),
    error: undefined,
    before: readSummary(stored.fields('before')),
    after: readSummary(stored.fields('after')),
    sites: stored.list('sites', readSite),
    verification: readVerification(stored.fields('verification')),
    milliseconds: {
      read: milliseconds.number('read'),
      fuse: milliseconds.number('fuse'),
      verify: milliseconds.number('verify'),
      write: milliseconds.number('write'),
    },
  };
}

function readSummary(stored: StoredFields): ModelSummary {
  return {
    nodes: stored.number('nodes'),
    ops: stored.counts('ops'),
    bytes: stored.number('bytes'),
    parameters: stored.number('parameters'),
    macs: stored.optionalNumber('macs'),
    launches: stored.optionalNumber('launches'),
    trafficBytes: stored.optionalNumber('trafficBytes'),
  };
}

function readSite(stored: StoredFields): SiteReport {
  return {
    rule: stored.text('rule'),
    node: stored.text('node'),
    into: stored.optionalText('into'),
    verdict: stored.choice('verdict', ['fused', 'skipped']),
    // Not checked, since it is only shown and counted: an unknown reason does no harm.
    reason: stored.optionalText('reason') as Reason | undefined,
    detail: stored.optionalText('detail'),
    check: stored.optional('check', (name) => readCheck(stored.fields(name))),
  };
}

function readCheck(stored: StoredFields): SiteCheck {
  return {
    error: stored.number('error'),
    bound: stored.number('bound'),
    samples: stored.number('samples'),
  };
}

function readVerification(stored: StoredFields): VerificationReport {
  return {
    status: stored.choice('status', ['passed', 'skipped']),
    reason: stored.optionalText('reason'),
    runs: stored.number('runs'),
    seed: stored.number('seed'),
    maxAbs: stored.optionalNumber('maxAbs'),
    relL2: stored.optionalNumber('relL2'),
    worst: stored.optional('worst', (name) => readWorst(stored.fields(name))),
  };
}

function readWorst(stored: StoredFields): WorstElement {
  return {
    output: stored.text('output'),
    index: stored.number('index'),
    expected: stored.number('expected'),
    actual: stored.number('actual'),
  };
}
