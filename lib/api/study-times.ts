import type { Activation, ActivationKind } from '../backend/activation.js';
import { ConvfuseError } from '../errors.js';
import type { Value } from '../ir/value.js';
import type { ActivationOption } from '../layers/activation-option.js';
import { FusedConv2d } from '../layers/fused-conv2d.js';
import type { Inference } from '../ops/infer.js';
import { Random } from '../tensor/random.js';
import { elementCount } from '../tensor/shape.js';
import type { ActivationSite } from './activation-sites.js';
import type { BackendChoice } from './backend-choice.js';
import { convLayer, type ConvLayer } from './conv-layers.js';
import { measure, type Measurement, type MeasureOptions } from './measure.js';

/**
 * The most nodes (batch norms, sums) between a convolution and its activation, counting the
 * convolution.
 */
const MAX_STEPS = 4;

/**
 * Times layers with their own activation and with its replacement. Layers of one shape are timed
 * once.
 */
export class LayerTimes {
  readonly #inference: Inference;
  readonly #with: ActivationKind;
  readonly #choice: BackendChoice;
  readonly #known = new Map<string, Measurement[] | undefined>();

  constructor(inference: Inference, replacement: ActivationKind, choice: BackendChoice) {
    this.#inference = inference;
    this.#with = replacement;
    this.#choice = choice;
  }

  /**
   * The convolution to whose result, perhaps after batch norms and sums, an activation is applied.
   */
  layerOf(site: ActivationSite): ConvLayer | undefined {
    let values: readonly (Value | undefined)[] = [site.input];
    for (let step = 0; step < MAX_STEPS; step++) {
      const producers = values.flatMap((value) => value?.producer ?? []);
      for (const node of producers) {
        const layer = convLayer(node, this.#inference);
        if (layer !== undefined) return layer;
      }
      values = producers.flatMap((node) => {
        if (node.is('BatchNormalization')) return [node.inputs[0]];
        return node.is('Add') || node.is('Sum') ? node.inputs : [];
      });
    }
    return undefined;
  }

  /**
   * Times with the original activation and with its replacement. undefined where a FusedConv2d
   * cannot compute the layer.
   */
  async measure(
    layer: ConvLayer,
    { kind, alpha, beta, slope }: Activation,
    options: MeasureOptions,
  ): Promise<Measurement[] | undefined> {
    const { weight, bias, ...geometry } = layer.options;
    const shape = [layer.dims, weight.dims, bias !== undefined, geometry, kind];
    const key = JSON.stringify(shape);
    if (!this.#known.has(key)) {
      const activations: ActivationOption[] = [{ kind, alpha, beta, slope }, this.#with];
      this.#known.set(key, await this.#time(layer, activations, options));
    }
    return this.#known.get(key);
  }

  async #time(
    { options, dims }: ConvLayer,
    activations: readonly ActivationOption[],
    measureOptions: MeasureOptions,
  ): Promise<Measurement[] | undefined> {
    const data = new Random(1).normals(elementCount(dims));
    const x = { type: 'float32', data, dims } as const;
    const layers: FusedConv2d[] = [];
    try {
      for (const activation of activations) {
        layers.push(new FusedConv2d({ ...options, ...this.#choice, activation }));
      }
      const candidates = layers.map((layer, at) => {
        const out = layer.runSync(x);
        return { name: at === 0 ? 'before' : 'after', run: () => layer.runSync(x, { out }) };
      });
      return await measure(candidates, measureOptions);
    } catch (error) {
      // FusedConv2d does not support this geometry.
      if (error instanceof ConvfuseError && error.code === 'ERR_ARGUMENT') return undefined;
      throw error;
    } finally {
      for (const layer of layers) layer.dispose();
    }
  }
}
