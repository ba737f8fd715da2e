// Random networks of what works on blocks of channels: convolutions, pools and element-wise steps, whose
// values have several readers with halos of their own.

import { Random } from '#convfuse/tensor/random.js';

interface Plane {
  readonly name: string;
  readonly channels: number;
  readonly size: readonly [number, number];
}

/** Text with weights of unit gain; its input is x, N x 3 x H x W, and its output y. */
export function randomChain(seed: number): { readonly text: string; readonly dims: number[] } {
  return new Chain(seed).write();
}

const PADS = 'pads = [1, 1, 1, 1]';

/** Kernel, stride, pad and output padding of layers that enlarge planes, or leave them as large. */
const TRANSPOSED = [
  [2, 2, 0, 0],
  [3, 2, 1, 1],
  [4, 2, 1, 0],
  [5, 2, 2, 0],
  [3, 1, 1, 0],
  [2, 2, 1, 0],
  [5, 3, 1, 1],
];

class Chain {
  readonly #random: Random;
  readonly #constants: string[] = [];
  readonly #nodes: string[] = [];
  readonly #planes: Plane[] = [];
  readonly #batch: number;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#batch = this.#random.integer(1, 2);
  }

  write(): { readonly text: string; readonly dims: number[] } {
    const size = [this.#random.integer(5, 14), this.#random.integer(5, 22)] as const;
    // Squeezed to a pixel where they are whole blocks of every ISA.
    const channels = this.#pick([16, 16, 32, 13, 20]);
    this.#conv({ name: 'x', channels: 3, size }, channels);
    for (let i = 0; i < 14; i++) this.#step();
    const last = this.#planes.at(-1)!;
    this.#nodes.push(`y = Conv(${last.name}, ${this.#weights([5, last.channels, 1, 1])})`);
    const dims = [this.#batch, 3, ...size];
    const lines = [
      'y: output',
      `x: input float[${dims.join(', ')}]`,
      ...this.#constants,
      ...this.#nodes,
    ];
    return { text: lines.join('\n'), dims };
  }

  #step(): void {
    const x = this.#pick(this.#planes.slice(-3));
    const like = this.#planes.filter(
      ({ channels, size }) =>
        channels === x.channels && size[0] === x.size[0] && size[1] === x.size[1],
    );
    switch (this.#random.integer(0, 13)) {
      case 0:
        return this.#conv(x, x.channels);
      case 1: {
        const share = this.#pick([1, 1, 1, 2, 4, 8, 16].filter((size) => x.channels % size === 0));
        const weight = this.#weights([x.channels, share, 3, 3]);
        return this.#emit(x, `Conv<${PADS}, group = ${x.channels / share}>(${x.name}, ${weight})`);
      }
      case 2: {
        const pool = this.#pick(['MaxPool', 'AveragePool']);
        return this.#emit(x, `${pool}<kernel_shape = [3, 3], ${PADS}>(${x.name})`);
      }
      case 3:
      case 4: {
        const other = this.#pick(like);
        // Zeros would leave nothing to compare.
        const others = other === x ? [] : ['Sub'];
        const operator = this.#pick(['Add', 'Max', 'Min', 'Sum', ...others]);
        return this.#emit(x, `${operator}(${x.name}, ${other.name})`);
      }
      case 5:
        return this.#squeeze(x);
      case 6: {
        const shape = this.#pick([[x.channels, 1, 1], [1, x.channels, 1, 1], [1], []]);
        const pair = [x.name, this.#weights(shape)];
        if (this.#random.integer(0, 1) === 0) pair.reverse();
        const operator = this.#pick(['Add', 'Sub', 'Mul', 'Max']);
        return this.#emit(x, `${operator}(${pair.join(', ')})`);
      }
      case 7: {
        const [gamma, beta, mean] = [1, 2, 3].map(() => this.#weights([x.channels]));
        const ones = Array<number>(x.channels).fill(1).join(', ');
        const variance = this.#constant([x.channels], `{${ones}}`);
        const inputs = [x.name, gamma, beta, mean, variance].join(', ');
        return this.#emit(x, `BatchNormalization(${inputs})`);
      }
      case 8:
        return this.#emit(x, `PRelu(${x.name}, ${this.#weights([x.channels, 1, 1])})`);
      case 9:
        return this.#join(x);
      case 10:
        return this.#split(x);
      case 11:
        return this.#enlarge(x);
      case 12:
        // Few channels, which the next layer reads as planes.
        this.#conv(x, this.#random.integer(1, 3));
        return this.#conv(this.#planes.at(-1)!, x.channels);
      default: {
        const operator = this.#pick(['Sigmoid', 'Tanh', 'HardSigmoid', 'Relu', 'Softplus']);
        return this.#emit(x, `${operator}(${x.name})`);
      }
    }
  }

  #conv(x: Plane, channels: number): void {
    const k = this.#pick([1, 3, 3]);
    const stride = this.#random.integer(0, 5) === 0 && x.size[0] > 4 ? 2 : 1;
    const window = `${k === 3 ? PADS : 'pads = [0, 0, 0, 0]'}, strides = [${stride}, ${stride}]`;
    const weight = this.#weights([channels, x.channels, k, k]);
    const size = x.size.map((n) => Math.floor((n - 1) / stride) + 1) as [number, number];
    this.#emit({ ...x, channels, size }, `Conv<${window}>(${x.name}, ${weight})`);
  }

  #enlarge(x: Plane): void {
    const [k, stride, pad, extra] = this.#pick(
      Math.max(...x.size) > 20 ? [[3, 1, 1, 0]] : TRANSPOSED,
    ) as [number, number, number, number];
    const size = x.size.map((n) => (n - 1) * stride + k - 2 * pad + extra) as [number, number];
    const channels = this.#pick([x.channels, x.channels, 3]);
    const weight = this.#weights([x.channels, channels, k, k], (channels * k * k) / stride ** 2);
    const window = `strides = [${stride}, ${stride}], pads = [${[pad, pad, pad, pad].join(', ')}]`;
    const attributes = `${window}, output_padding = [${extra}, ${extra}]`;
    this.#emit({ ...x, channels, size }, `ConvTranspose<${attributes}>(${x.name}, ${weight})`);
    if (channels !== x.channels) this.#conv(this.#planes.at(-1)!, x.channels);
  }

  /** Channels behind those of x, as many as bring the sum back to them later. */
  #join(x: Plane): void {
    const others = this.#planes.filter(
      ({ size, name }) => name !== 'x' && size[0] === x.size[0] && size[1] === x.size[1],
    );
    const parts = [x, this.#pick(others), ...(this.#random.integer(0, 2) === 0 ? [x] : [])];
    const channels = parts.reduce((sum, part) => sum + part.channels, 0);
    const names = parts.map(({ name }) => name).join(', ');
    this.#emit({ ...x, channels }, `Concat<axis = 1>(${names})`);
    const joined = this.#planes.at(-1)!;
    if (channels > 40 || this.#random.integer(0, 1) === 0) this.#conv(joined, x.channels);
  }

  #split(x: Plane): void {
    const first = x.channels > 16 ? 16 : Math.ceil(x.channels / 2);
    const sizes = [first, x.channels - first];
    const id = this.#nodes.length;
    const list = this.#constant([2], `{${sizes.join(', ')}}`, 'int64');
    this.#nodes.push(`s${id}, t${id} = Split<axis = 1>(${x.name}, ${list})`);
    this.#planes.push({ ...x, name: `s${id}`, channels: sizes[0]! });
    if (sizes[1]! > 0) this.#planes.push({ ...x, name: `t${id}`, channels: sizes[1]! });
  }

  /** Squeeze-and-excitation, the gate on either side. */
  #squeeze(x: Plane): void {
    const id = this.#nodes.length;
    const [down, up] = [this.#weights([4, x.channels, 1, 1]), this.#weights([x.channels, 4, 1, 1])];
    const pools = ['GlobalAveragePool', 'GlobalMaxPool'];
    const means = ['ReduceMean<axes = [2, 3]>', 'ReduceMax<axes = [3, -2]>'];
    this.#nodes.push(
      `p${id} = ${this.#pick([...pools, ...means])}(${x.name})`,
      `q${id} = Conv(p${id}, ${down})`,
      `r${id} = Relu(q${id})`,
      `s${id} = Conv(r${id}, ${up})`,
      `g${id} = Sigmoid(s${id})`,
    );
    const pair = [x.name, `g${id}`];
    if (this.#random.integer(0, 1) === 0) pair.reverse();
    this.#emit(x, `Mul(${pair.join(', ')})`);
  }

  #emit({ channels, size }: Omit<Plane, 'name'>, call: string): void {
    const name = `v${this.#nodes.length}`;
    this.#nodes.push(`${name} = ${call}`);
    this.#planes.push({ name, channels, size });
  }

  /** @param terms products of an output. Default: those of a convolution */
  #weights(dims: readonly number[], terms?: number): string {
    const count = dims.reduce((product, size) => product * size, 1);
    const products = terms ?? count / dims[0]!;
    const scale = dims.length === 4 ? Math.sqrt(1.5 / Math.max(1, products)) : 0.7;
    const values = Array.from(this.#random.normals(count), (value) => value * scale);
    return this.#constant(dims, `{${values.join(', ')}}`);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.integer(0, items.length - 1)]!;
  }

  #constant(dims: readonly number[], values: string, type = 'float'): string {
    const name = `c${this.#constants.length}`;
    this.#constants.push(`${name}: ${type}[${dims.join(', ')}] = ${values}`);
    return name;
  }
}
