import type { FloatType } from '../tensor/dtype.js';
import { resolveWindow } from '../tensor/window.js';
import type { Statistics } from './batch-norm.js';
import { channelMap, type ChannelMap } from './channel-map.js';
import { pointWindow, tapCount, type PaddedWindow } from './linear-stage.js';
import { widen, type StoredArray } from './stored.js';

/** A convolution as a file holds it: weight [M, C/groups, ...kernel], bias [M]. */
export interface CheckedLayer {
  readonly kind: 'layer';
  readonly type: FloatType;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly groups: number;
  readonly window: PaddedWindow;
  /** Read when the check runs, so that no copy is kept until then. */
  readonly weight: () => StoredArray;
  readonly bias: (() => StoredArray) | undefined;
}

/** A stage of a branch: a convolution, an average pool that counts its pads, or a batch norm. */
export type CheckedStage =
  | CheckedLayer
  | { readonly kind: 'mean'; readonly window: PaddedWindow }
  | { readonly kind: 'map'; readonly map: Statistics };

/** An input whose elements are a factor of their channel times a factor of their place. */
export interface SeparableInput {
  readonly sizes: readonly number[];
  readonly factors: Float64Array;
  place(coordinates: readonly number[]): number;
}

/** A stage's outputs at one place. */
export interface StageValues {
  readonly values: Float64Array;
  /** The sums of the magnitudes of the terms of each value. */
  readonly sizes: Float64Array;
  /** The sums of the magnitudes of inputs that meet weights below `least`. */
  readonly tiny: Float64Array;
}

/** A sequence of stages, evaluated in double at single places, directly by their definitions. */
export class StageChain {
  /** The most terms that one output is a sum of. */
  readonly terms: number;
  readonly outputSizes: readonly number[];
  readonly #stages: readonly Stage[] = [];
  readonly #input: SeparableInput;
  readonly #known = new Map<string, StageValues | undefined>();

  /**
   * @param channels output channels that at() has to compute
   * @param least the magnitude below which weights count as tiny
   */
  constructor(
    stages: readonly CheckedStage[],
    input: SeparableInput,
    channels: readonly number[],
    least: number,
  ) {
    this.#input = input;
    let sizes = input.sizes;
    let count = input.factors.length;
    let terms = 1;
    this.#stages = stages.map((stage, at) => {
      const window = stage.kind === 'map' ? pointWindow(sizes.length) : stage.window;
      sizes = resolveWindow(window, sizes).output;
      if (stage.kind === 'layer') count = stage.outputChannels;
      const last = !stages.slice(at + 1).some(({ kind }) => kind === 'layer');
      const wanted = last ? channels : Array.from({ length: count }, (_, c) => c);
      const evaluated = stageOf(stage, window, sizes, count, wanted, at === 0, input, least);
      terms += evaluated.terms;
      return evaluated;
    });
    this.outputSizes = sizes;
    this.terms = terms;
  }

  /** The outputs of the last stage at a place; undefined outside. */
  at(place: readonly number[], stage = this.#stages.length - 1): StageValues | undefined {
    const key = `${stage}:${place.join()}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#evaluate(place, stage));
    return this.#known.get(key);
  }

  #evaluate(place: readonly number[], index: number): StageValues | undefined {
    const stage = this.#stages[index];
    const sizes = stage?.sizes ?? this.#input.sizes;
    if (place.some((x, axis) => x < 0 || x >= sizes[axis]!)) return undefined;
    if (stage === undefined) return plain(this.#input, this.#input.place(place));
    const { kernel, strides, dilations, padding } = stage.window;
    const out = zeros(stage.count);
    let taps: number[][] = [[]];
    kernel.forEach((size, axis) => {
      const start = place[axis]! * strides[axis]! - padding.begin[axis]!;
      const line = Array.from({ length: size }, (_, tap) => start + tap * dilations[axis]!);
      taps = taps.flatMap((outer) => line.map((x) => [...outer, x]));
    });
    taps.forEach((at, tap) => {
      const seen = this.at(at, index - 1);
      if (seen === undefined) return;
      stage.add(out, tap, seen, index === 0 ? this.#input.place(at) : 1);
    });
    stage.finish(out);
    return out;
  }
}

interface Stage {
  readonly window: PaddedWindow;
  readonly sizes: readonly number[];
  readonly count: number;
  readonly terms: number;
  /** Adds the contribution of one tap. */
  add(out: StageValues, tap: number, seen: StageValues, factor: number): void;
  finish(out: StageValues): void;
}

function stageOf(
  stage: CheckedStage,
  window: PaddedWindow,
  sizes: readonly number[],
  count: number,
  wanted: readonly number[],
  first: boolean,
  input: SeparableInput,
  least: number,
): Stage {
  const taps = tapCount(window);
  const base = { window, sizes, count };
  if (stage.kind === 'mean') {
    return { ...base, terms: taps, add: (out, _, seen) => accumulate(out, seen, 1 / taps), finish };
  }
  if (stage.kind === 'map') {
    const map = channelMap(stage.map);
    return { ...base, terms: 3, add: (out, _, seen) => apply(map, out, seen), finish };
  }
  const terms = (stage.inputChannels / stage.groups) * taps;
  const layer = new LayerWeights(stage, wanted, least);
  // The first stage reads a separable image: the response of each tap is computed once for a place
  // factor of 1, and scaled by the factor of each place.
  const responses = first
    ? Array.from({ length: taps }, (_, tap) => {
        const response = zeros(count);
        layer.add(response, tap, plain(input, 1));
        return response;
      })
    : [];
  return {
    ...base,
    terms,
    add(out, tap, seen, factor) {
      if (first) accumulate(out, responses[tap]!, factor);
      else layer.add(out, tap, seen);
    },
    finish: (out) => layer.addBias(out),
  };
}

function finish(): void {
  // A mean or a map has no bias.
}

class LayerWeights {
  readonly #layer: CheckedLayer;
  readonly #wanted: readonly number[];
  readonly #weight: Float32Array | Float64Array;
  readonly #bias: Float64Array | undefined;
  readonly #least: number;

  constructor(layer: CheckedLayer, wanted: readonly number[], least: number) {
    this.#layer = layer;
    this.#wanted = wanted;
    this.#least = least;
    const weight = layer.weight();
    this.#weight = weight instanceof Uint16Array ? widen(layer.type, weight) : weight;
    this.#bias = layer.bias && widen(layer.type, layer.bias());
  }

  add(out: StageValues, tap: number, seen: StageValues): void {
    const { inputChannels, outputChannels, groups, window } = this.#layer;
    const inputs = inputChannels / groups;
    const taps = tapCount(window);
    for (const o of this.#wanted) {
      const start = Math.floor((o * groups) / outputChannels) * inputs;
      for (let i = 0; i < inputs; i++) {
        const w = this.#weight[(o * inputs + i) * taps + tap]!;
        out.values[o]! += w * seen.values[start + i]!;
        out.sizes[o]! += Math.abs(w) * seen.sizes[start + i]!;
        if (Math.abs(w) < this.#least) out.tiny[o]! += seen.sizes[start + i]!;
      }
    }
  }

  addBias(out: StageValues): void {
    const bias = this.#bias;
    if (bias === undefined) return;
    for (const o of this.#wanted) {
      out.values[o]! += bias[o]!;
      out.sizes[o]! += Math.abs(bias[o]!);
    }
  }
}

function apply(map: ChannelMap, out: StageValues, seen: StageValues): void {
  for (let c = 0; c < out.values.length; c++) {
    out.values[c] = map.apply(c, seen.values[c]!);
    out.sizes[c] = map.size(c, seen.sizes[c]!);
  }
}

function accumulate(out: StageValues, seen: StageValues, factor: number): void {
  const size = Math.abs(factor);
  for (let c = 0; c < out.values.length; c++) {
    out.values[c]! += factor * seen.values[c]!;
    out.sizes[c]! += size * seen.sizes[c]!;
    out.tiny[c]! += size * seen.tiny[c]!;
  }
}

function zeros(count: number): StageValues {
  const make = (): Float64Array => new Float64Array(count);
  return { values: make(), sizes: make(), tiny: make() };
}

function plain({ factors }: SeparableInput, factor: number): StageValues {
  const values = factors.map((x) => x * factor);
  return { values, sizes: values.map(Math.abs), tiny: new Float64Array(values.length) };
}
