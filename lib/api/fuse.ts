import { checkModel, checkOptions } from './arguments.js';
import { chosenBackend, type BackendChoice } from './backend-choice.js';
import { argumentError, ConvfuseError } from '../errors.js';
import { cloneModel } from '../ir/clone.js';
import type { Model } from '../ir/model.js';
import { rewriteModelAsync, type Site } from '../rewrite/rewriter.js';
import type { Level, Rule, SiteCheck, Target } from '../rewrite/rule.js';
import { ORT_RULES, RULES } from '../rules/index.js';
import { GraphFacts } from '../runtime/graph-facts.js';
import { summarize } from './summary.js';
import type { FuseReport, SiteReport, VerificationReport } from './report.js';
import {
  checkVerifyOptions,
  skippedVerification,
  verifyModels,
  type VerifyOptions,
} from './verify.js';

/** Progress of fuseModel: it applies rules, checks fused sites, then compares the whole models. */
export interface FuseProgress {
  readonly phase: 'fuse' | 'check' | 'verify';
  readonly done: number;
  readonly total: number;
}

export interface FuseOptions extends BackendChoice {
  /** basic (default): exact folds. extended: sibling and branch merges as well. */
  readonly level?: Level | undefined;
  /**
   * Fold batch norms into the scales of quantised weights, where that is exact. Default false:
   * engines look for certain patterns in quantised models, so these are left alone.
   */
  readonly quantized?: boolean | undefined;
  /** Apply these rules and no others, by name. */
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
  /**
   * portable (default): only standard operators. ort: convolutions and the activations behind them
   * become com.microsoft FusedConv, which onnxruntime runs and other engines do not.
   */
  readonly target?: Target | undefined;
  /** More rules, tried after the built-in ones; see defineRule. */
  readonly rules?: readonly Rule[] | undefined;
  /**
   * From IR 4 on, treat initializers that are also graph inputs as constants, and remove them from
   * the inputs. Below IR 4 they are constants anyway.
   */
  readonly constantInitializers?: boolean | undefined;
  /** Let copies of shared weights grow the file beyond twice its size. Default false. */
  readonly allowGrowth?: boolean | undefined;
  /** Check sites and compare the models. Default true. */
  readonly verify?: boolean | VerifyOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FuseProgress) => void) | undefined;
}

/** Thrown when the checks of a fused model fail. The report says where. */
export class VerificationError extends ConvfuseError {
  readonly report: FuseReport;

  constructor(message: string, report: FuseReport) {
    super('ERR_VERIFICATION', message);
    this.report = report;
  }
}

/**
 * Fuses what can be fused exactly, in a copy of the model, and proves the result: every fused site
 * is compared in double with the nodes that it replaces, at sampled positions; then both models run
 * on the same inputs (see verifyModels). The given model is not changed.
 *
 * @throws ConvfuseError ERR_VERIFICATION (a VerificationError) when a check fails, ERR_VERSION when
 * the model is of a later version of ONNX than is known here, ERR_ARGUMENT
 */
export async function fuseModel(
  model: Model,
  options: FuseOptions = {},
): Promise<{ model: Model; report: FuseReport }> {
  checkModel(model);
  checkOptions(options);
  const { level = 'basic', target = 'portable', verify = true, signal } = options;
  if (level !== 'basic' && level !== 'extended') {
    throw argumentError("'basic' or 'extended'", 'level', level);
  }
  if (target !== 'portable' && target !== 'ort') {
    throw argumentError("'portable' or 'ort'", 'target', target);
  }
  if (typeof verify === 'object') checkVerifyOptions(verify);
  else if (typeof verify !== 'boolean')
    throw argumentError('true, false or an object', 'verify', verify);
  if (options.rules !== undefined && !Array.isArray(options.rules)) {
    throw argumentError('an array', 'rules', options.rules);
  }
  signal?.throwIfAborted();
  if (model.unknownVersion !== undefined) {
    throw new ConvfuseError(
      'ERR_VERSION',
      `the model uses ${model.unknownVersion}: what its operators mean may have changed`,
    );
  }
  const started = performance.now();
  const fused = cloneModel(model);
  fused.constantInitializers = options.constantInitializers ?? model.constantInitializers;
  fused.changed = false;
  const sites = await rewrite(fused, level, target, options);
  const rewritten = performance.now();
  const changed = fused.changed;
  fused.changed ||= model.changed;
  const verifyOptions: VerifyOptions = {
    backend: options.backend,
    isa: options.isa,
    threads: options.threads,
    signal,
    ...(typeof verify === 'object' ? verify : {}),
  };
  const checks =
    verify === false ? new Map<Site, SiteCheck>() : await checkSites(sites, verifyOptions, options);
  const skip = verify === false ? 'not asked for' : changed ? undefined : 'nothing changed';
  const verification =
    skip === undefined
      ? await verifyWhole(model, fused, verifyOptions, options)
      : skippedVerification(skip, verifyOptions.seed);
  const before = summarize(model, verifyOptions.inputShapes);
  const report: FuseReport = {
    status: changed ? 'fused' : 'unchanged',
    before,
    after: changed ? summarize(fused, verifyOptions.inputShapes) : before,
    sites: sites.map((site) => siteReport(site, checks.get(site))),
    verification,
    milliseconds: { fuse: rewritten - started, verify: performance.now() - rewritten },
  };
  const problem = findProblem(report);
  if (problem !== undefined) throw new VerificationError(problem, report);
  return { model: fused, report };
}

/**
 * Applies the rules; then, for onnxruntime, those that make its own operators, which the others do
 * not know.
 */
async function rewrite(
  model: Model,
  level: Level,
  target: Target,
  options: FuseOptions,
): Promise<Site[]> {
  const { quantized, only, skip, allowGrowth, signal, onProgress } = options;
  const rules = [...RULES, ...(options.rules ?? [])];
  const ort = target === 'ort' ? ORT_RULES : [];
  const apply = (table: readonly Rule[], others: readonly Rule[]): Promise<Site[]> => {
    // Names of rules in the other table are not errors.
    const names = (list: readonly string[] | undefined): readonly string[] | undefined =>
      Array.isArray(list)
        ? list.filter((name) => !others.some((rule) => rule.name === name))
        : list;
    return rewriteModelAsync(model, table, {
      level,
      quantized,
      only: names(only),
      skip: names(skip),
      allowGrowth,
      facts: new GraphFacts(chosenBackend(options)),
      signal,
      onProgress: (done, total) => onProgress?.({ phase: 'fuse', done, total }),
    });
  };
  const sites = await apply(rules, ort);
  return ort.length === 0 ? sites : [...sites, ...(await apply(ort, rules))];
}

/** Runs the check of every fused site that has one, yielding to the event loop in between. */
async function checkSites(
  sites: readonly Site[],
  { seed = 0, signal }: VerifyOptions,
  { onProgress }: FuseOptions,
): Promise<Map<Site, SiteCheck>> {
  const results = new Map<Site, SiteCheck>();
  const fused = sites.filter((site) => site.check !== undefined);
  for (const [index, site] of fused.entries()) {
    onProgress?.({ phase: 'check', done: index, total: fused.length });
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    results.set(site, site.check!(seed + index));
  }
  return results;
}

async function verifyWhole(
  original: Model,
  fused: Model,
  options: VerifyOptions,
  { onProgress }: FuseOptions,
): Promise<VerificationReport> {
  onProgress?.({ phase: 'verify', done: 0, total: 1 });
  const report = await verifyModels(original, fused, options);
  onProgress?.({ phase: 'verify', done: 1, total: 1 });
  return report;
}

function siteReport(site: Site, check: SiteCheck | undefined): SiteReport {
  const { rule, node, into, verdict, reason, detail } = site;
  return { rule, node, into, verdict, reason, detail, check };
}

function findProblem({ sites, verification }: FuseReport): string | undefined {
  // Written so that NaN fails.
  const bad = sites.find(({ check }) => check !== undefined && !(check.error <= 1));
  if (bad !== undefined) {
    return `${bad.rule} at ${bad.node}: error is ${bad.check?.error} times its bound`;
  }
  if (verification.status === 'failed') {
    const { relL2, reason } = verification;
    const measured = relL2 === undefined ? '' : `, relative L2 ${relL2.toExponential(2)}`;
    return `the fused model differs: ${reason}${measured}`;
  }
  return undefined;
}
