import { ConvfuseError } from '../errors.js';
import type { Model } from '../ir/model.js';
import type { Value } from '../ir/value.js';
import { checkModel, checkOptions } from './arguments.js';
import { fuseModel, type FuseOptions } from './fuse.js';
import { peakValueBytes } from '../runtime/peak-memory.js';
import type { ModelSummary, SiteReport } from './report.js';
import { summarize } from './summary.js';

/** One input or output of a model, as it declares it. */
export interface SignatureEntry {
  readonly name: string;
  readonly type: string | undefined;
  /**
   * Numbers, symbols, or undefined for an unknown size. Undefined as a whole where even the rank is
   * unknown.
   */
  readonly dims: readonly (number | string | undefined)[] | undefined;
  /** Inputs only: whether an initializer provides the value when a caller feeds none. */
  readonly optional: boolean;
}

/** Constants of one element type. */
export interface WeightGroup {
  readonly type: string;
  readonly tensors: number;
  readonly bytes: number;
}

export interface Inspection {
  readonly irVersion: number;
  readonly producer: string;
  /** Operator set versions by domain; '' is the default one. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly SignatureEntry[];
  readonly outputs: readonly SignatureEntry[];
  readonly summary: ModelSummary;
  /** The most bytes that values, without weights, take at one time in a run; see peakValueBytes. */
  readonly peakBytes: number | undefined;
  readonly weights: readonly WeightGroup[];
  /** Graphs nested in nodes, and model-local functions. */
  readonly bodies: number;
  readonly functions: number;
  /** The verdict that fuseModel would give on every site. */
  readonly sites: readonly SiteReport[];
  /** Summary of the fused model; undefined where fuseModel would fail, see `refusal`. */
  readonly fused: ModelSummary | undefined;
  readonly refusal: { readonly code: string; readonly message: string } | undefined;
}

export interface InspectOptions extends Omit<FuseOptions, 'verify'> {
  /** Shapes of inputs by name, where the model leaves them open. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>> | undefined;
}

/**
 * Says what a model consists of, and what would fuse in it. Nothing is run or changed.
 *
 * @throws ConvfuseError ERR_ARGUMENT for options that fuseModel would refuse
 */
export async function inspectModel(
  model: Model,
  options: InspectOptions = {},
): Promise<Inspection> {
  checkModel(model);
  checkOptions(options);
  const { inputShapes = {}, ...fuseOptions } = options;
  const trial = await fuseModel(model, { ...fuseOptions, verify: false }).catch(
    (error: unknown) => {
      if (error instanceof ConvfuseError && error.code !== 'ERR_ARGUMENT') return error;
      throw error;
    },
  );
  const refused = trial instanceof ConvfuseError;
  return {
    irVersion: model.irVersion,
    producer: model.producer,
    opsets: plainRecord(model.opsets),
    inputs: model.graph.inputs.map(signatureEntry),
    outputs: model.graph.outputs.map(signatureEntry),
    summary: summarize(model, inputShapes),
    peakBytes: peakValueBytes(model, new Map(Object.entries(inputShapes))),
    weights: weightGroups(model),
    bodies: [...model.graphs()].filter(({ kind }) => kind === 'body').length,
    functions: model.functions.length,
    sites: refused ? [] : trial.report.sites,
    fused: refused ? undefined : summarize(trial.model, inputShapes),
    refusal: refused ? { code: trial.code, message: trial.message } : undefined,
  };
}

function signatureEntry(value: Value): SignatureEntry {
  const { name, declaration } = value;
  const optional = value.initializer !== undefined;
  return { name, type: declaration?.type, dims: declaration?.dims, optional };
}

/** Initializers and the tensors of Constant nodes, by element type, largest first. */
function weightGroups(model: Model): WeightGroup[] {
  const groups = new Map<string, { tensors: number; bytes: number }>();
  const add = (type = 'unknown', bytes: number): void => {
    const group = groups.get(type) ?? { tensors: 0, bytes: 0 };
    groups.set(type, { tensors: group.tensors + 1, bytes: group.bytes + bytes });
  };
  for (const graph of model.graphs()) {
    for (const [, { type, byteLength }] of graph.initializers()) add(type, byteLength);
    for (const node of graph.nodes()) {
      const value = node.is('Constant') ? node.attributes.get('value') : undefined;
      if (value?.kind === 'tensor') add(value.value.type, value.value.byteLength);
    }
  }
  return [...groups].map(([type, group]) => ({ type, ...group })).sort((a, b) => b.bytes - a.bytes);
}

/** A record without a prototype, since names come from the file and may be `__proto__`. */
function plainRecord<T>(entries: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  const record = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) record[key] = value;
  return record;
}
