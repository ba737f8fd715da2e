// Random networks with every trap for a fusion that a network can have (RELIABILITY.md B), as text:
// values that others read or that are outputs, captures at several depths, shared, computed,
// overridable and oddly shaped parameters, training mode, old operator sets, chains, constants on
// either side of every arithmetic operator. They run: shapes fit, and numbers stay finite.

import { Random } from '#convfuse/tensor/random.js';
import type { FloatName, Image } from './graph-text.js';
import { LayerText } from './random-layers.js';

export interface RandomGraphOptions {
  /** Nodes to make, more or less. A graph with fewer steps of a seed is the beginning of one with more. */
  readonly steps: number;
  /** Also what no engine runs: training mode, foreign operators. Default false. */
  readonly hostile?: boolean;
  /** Of everything; mostly float when undefined. */
  readonly type?: FloatName;
  /** Model-local functions; only files that had them can be written with them. Default true. */
  readonly functions?: boolean;
}

/** @returns a model in the form of lib/ir/text.ts */
export function randomGraph(seed: number, options: RandomGraphOptions): string {
  return new RandomGraph(new Random(seed), options).text();
}

class RandomGraph extends LayerText {
  readonly #options: RandomGraphOptions;

  constructor(random: Random, options: RandomGraphOptions) {
    super(random, options);
    this.#options = options;
  }

  text(): string {
    this.#input();
    for (let step = 0; step < this.#options.steps; step++) {
      this.#step();
      // Pairs are what it is about: they are made more often than chance would.
      if (this.chance(0.4)) this.batchNorm(this.images.at(-1)!);
    }
    this.#outputs();
    const local = this.functions.length > 0 ? ', "local": 1' : '';
    const header = `<ir_version: ${this.irVersion}, opset_import: ["": ${this.opset}${local}]>`;
    return [header, ...this.functions, ...this.declarations, ...this.nodes].join('\n');
  }

  #input(): void {
    const image = { name: this.name('x'), channels: this.pick([1, 2, 3, 4, 6]), size: 6 };
    this.declarations.push(
      `${image.name}: input ${this.type}[1, ${image.channels}, ${image.size}, ${image.size}]`,
    );
    this.images.push(image);
  }

  #outputs(): void {
    // What stands right of the first " = ", attributes and bodies included.
    const read = (name: string): boolean =>
      this.nodes.some((node) =>
        new RegExp(`[(, ]${name}[,) ]`).test(node.slice(node.indexOf(' = ') + 2)),
      );
    const last = this.images.at(-1)!;
    for (const image of this.images) {
      const unread = !image.name.startsWith('x') && !read(image.name);
      if (image === last || unread || this.chance(0.04)) {
        this.declarations.push(`${image.name}: output`);
      }
    }
  }

  #step(): void {
    const options = this.#options;
    const steps: readonly [number, () => void][] = [
      [5, () => this.conv()],
      [2, () => this.convTranspose()],
      [2, () => this.dense()],
      [8, () => this.batchNorm()],
      [2, () => this.pad()],
      [1.5, () => this.pool()],
      [3, () => this.unary()],
      [3, () => this.#sum()],
      [3, () => this.block(this.recent())],
      [1, () => this.sequence(this.recent())],
      [4, () => this.#constantArithmetic()],
      [2, () => this.#branch()],
      [2, () => this.siblings(this.recent())],
      [1, () => this.products(this.recent())],
      [1, () => this.tokens(this.recent())],
      [1, () => this.joins(this.recent())],
      [0.7, () => this.loop(this.recent())],
      [options.functions === false ? 0 : 0.7, () => this.call(this.recent())],
      [1, () => this.#hostile()],
      [0.3, () => this.#input()],
    ];
    this.weighted(steps)();
  }

  #sum(): void {
    const x = this.recent();
    const others = this.images.filter(
      ({ channels, size }) => channels === x.channels && size === x.size,
    );
    const operator = this.opset < 7 ? 'Add' : this.pick(['Add', 'Add', 'Sub', 'Mul']);
    // Products of large numbers would overflow in time.
    const y = operator === 'Mul' ? this.#squashed(x) : this.pick(others).name;
    this.emit(`${operator}(${this.shuffled([x.name, y]).join(', ')})`, x.channels, x.size);
  }

  #squashed({ name }: Image): string {
    const squashed = this.name('s');
    this.nodes.push(`${squashed} = Sigmoid(${name})`);
    return squashed;
  }

  #constantArithmetic(): void {
    const x = this.recent();
    if (this.opset < 7) return this.unary();
    const { channels: c, size: s } = x;
    const dims = this.pick([
      [],
      [1],
      [c, 1, 1],
      [1, c, 1, 1],
      [c, 1, 1],
      [s],
      [1, c, s, s],
      [1, s],
    ]);
    const operator = this.pick(['Mul', 'Add', 'Sub', 'Div']);
    if (operator === 'Div') {
      const divisor = this.constant(this.type, dims, `fill(${this.pick(['2', '-0.5', '3'])})`);
      this.emit(`Div(${x.name}, ${divisor})`, c, s);
    } else {
      const inputs = this.shuffled([x.name, this.parameter(dims)]);
      this.emit(`${operator}(${inputs.join(', ')})`, c, s);
    }
  }

  /** An If whose branches capture a value, and may hold a convolution and batch norm themselves. */
  #branch(): void {
    const x = this.recent();
    const condition = this.constant('bool', [], `{${this.random.integer(0, 1)}}`);
    const inner = this.name('inner');
    const weight = this.parameter([x.channels, x.channels, 1, 1]);
    const lines = [`${inner} = Conv(${x.name}, ${weight})`];
    const normed = this.name('bn');
    const made = this.norm(inner, x.channels);
    // The norm belongs into the branch; what its parameters needed stays outside.
    const norm = this.nodes.pop()!;
    lines.push(norm.replace(made, normed));
    if (this.chance(0.2)) lines.push(`${this.name('also')} = Relu(${inner})`);
    const other = this.name('other');
    const nested = this.chance(0.3)
      ? `${other} = If<then_branch = { ${this.name('k')} = Relu(${x.name}) }, ` +
        `else_branch = { ${this.name('k')} = Neg(${x.name}) }>(${condition})`
      : `${other} = Relu(${x.name})`;
    const thenBranch = `{ ${lines.join('; ')}; ${normed}: output }`;
    this.emit(
      `If<then_branch = ${thenBranch}, else_branch = { ${nested} }>(${condition})`,
      x.channels,
      x.size,
    );
  }

  #hostile(): void {
    if (this.#options.hostile !== true) return this.unary();
    const x = this.recent();
    const c = x.channels;
    const inputs = [x.name, ...[0, 1, 2, 3].map(() => this.parameter([c]))].join(', ');
    const kinds = [
      `com.foo.BatchNormalization(${inputs})`,
      'com.foo.Conv(' + [x.name, this.parameter([c, c, 1, 1])].join(', ') + ')',
      `BatchNormalization<training_mode = 1, is_test = 0>(${inputs})`,
      `BatchNormalization<spatial = 0, is_test = 1>(${inputs})`,
      `BatchNormalization<unheard_of = 1, is_test = 1>(${inputs})`,
    ];
    const extra = this.chance(0.2) ? `, ${this.name('mean')}, ${this.name('var')}` : '';
    const name = this.name('h');
    const text = extra === '' ? this.pick(kinds) : `BatchNormalization<is_test = 1>(${inputs})`;
    this.nodes.push(`${name}${extra} = ${text}`);
    this.images.push({ ...x, name });
  }
}
