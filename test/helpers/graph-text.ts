// Parts that random networks are written with: names, parameters of every kind, a choice of versions.

import type { Random } from '#convfuse/tensor/random.js';

/** An image [1, channels, size, size] that later nodes may read. */
export interface Image {
  readonly name: string;
  readonly channels: number;
  readonly size: number;
}

/** Element types as the text form calls them. */
export type FloatName = 'float' | 'double' | 'float16';

/** A model being written: what random-graph.ts makes its nodes with. */
export class GraphText {
  protected readonly random: Random;
  protected readonly opset: number;
  protected readonly irVersion: number;
  protected readonly type: string;
  protected readonly declarations: string[] = [];
  protected readonly nodes: string[] = [];
  protected readonly images: Image[] = [];
  /** Model-local functions, one a line. */
  protected readonly functions: string[] = [];
  /** Constants that may be shared, by type of shape. */
  readonly #constants = new Map<string, string[]>();
  #count = 0;

  constructor(random: Random, options: { readonly type?: FloatName }) {
    this.random = random;
    this.opset = this.pick([6, 7, 8, 9, 11, 13, 14, 15, 17, 20]);
    // Below IR 4 every initializer has to be listed as an input.
    this.irVersion = this.opset < 9 ? this.pick([3, 4]) : this.pick([4, 7, 10]);
    this.type = options.type ?? (this.chance(0.1) ? 'double' : 'float');
  }

  protected bias(channels: number): string[] {
    if (this.chance(0.4)) return [];
    return this.chance(0.15) ? ['""'] : [this.parameter([channels])];
  }

  /** A parameter: mostly an initializer of its own, sometimes anything else it may be. */
  protected parameter(dims: readonly number[]): string {
    const key = `${dims}`;
    const known = this.#constants.get(key) ?? [];
    if (known.length > 0 && this.chance(0.15)) return this.pick(known);
    let name: string;
    if (this.chance(0.1)) {
      name = this.name('c');
      const elements = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () =>
        String(this.random.integer(-4, 4) / 4),
      );
      const shape = dims.length === 0 ? '' : `[${dims.join(', ')}]`;
      const value = `${this.type}${shape} {${elements.join(', ')}}`;
      this.nodes.push(`${name} = Constant<value = ${value}>()`);
    } else {
      name = this.constant(this.type, dims);
    }
    if (this.chance(0.08)) {
      const from = name;
      name = this.name('p');
      this.nodes.push(`${name} = ${this.pick(['Identity', 'Identity', 'Neg'])}(${from})`);
    }
    this.#constants.set(key, [...known, name]);
    return name;
  }

  protected constant(type: string, dims: readonly number[], data?: string, hint = 'w'): string {
    const name = this.name(hint);
    const overridable = this.irVersion >= 4 && this.chance(0.03);
    const input = this.irVersion < 4 || overridable ? 'input ' : '';
    const seed = this.random.integer(1, 1e6);
    const elements = data ?? `random(${seed})`;
    this.declarations.push(`${name}: ${input}${type}[${dims.join(', ')}] = ${elements}`);
    if (this.chance(0.01)) this.declarations.push(`${name}: output`);
    return name;
  }

  protected norm(x: string, channels: number): string {
    const parameters = [0, 1, 2].map(() => this.parameter([channels]));
    parameters.push(this.constant(this.type, [channels], undefined, 'var'));
    const attributes = [`epsilon = ${this.pick(['1e-05', '0.001', '0.1'])}`];
    if (this.opset < 7) attributes.push('is_test = 1');
    if (this.opset < 9 && this.chance(0.3)) attributes.push('spatial = 1');
    const name = this.name('bn');
    const inputs = [x, ...parameters].join(', ');
    this.nodes.push(`${name} = BatchNormalization<${attributes.join(', ')}>(${inputs})`);
    return name;
  }

  protected emit(text: string, channels: number, size: number): void {
    const name = this.name('t');
    // Some nodes have names, some have not.
    const label = this.chance(0.5) ? `[${this.name('node')}] ` : '';
    this.nodes.push(`${label}${name} = ${text}`);
    this.images.push({ name, channels, size });
  }

  /** Mostly the last image, so that chains arise; otherwise any. */
  protected recent(): Image {
    return this.chance(0.75) ? this.images.at(-1)! : this.pick(this.images);
  }

  protected name(hint: string): string {
    this.#count += 1;
    return `${hint}${this.#count}`;
  }

  protected pick<T>(items: readonly T[]): T {
    return items[this.random.integer(0, items.length - 1)]!;
  }

  /** One of the items, each as often as its weight says. */
  protected weighted<T>(items: readonly (readonly [number, T])[]): T {
    let at = this.random.uniform() * items.reduce((sum, [weight]) => sum + weight, 0);
    return items.find(([weight]) => (at -= weight) < 0)![1];
  }

  protected chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  protected shuffled<T>([a, b]: readonly [T, T]): readonly T[] {
    return this.chance(0.5) ? [a, b] : [b, a];
  }
}
