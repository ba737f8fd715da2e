// Groups of nodes that random networks are made of, beyond single operators: layers on one input,
// values that are taken apart and put together again, bodies of loops, and functions.

import { GraphText, type Image } from './graph-text.js';

/** What random-graph.ts puts together. */
export class GraphBlocks extends GraphText {
  /** Convolutions on one input, mostly alike, some with batch norms; joined again, or not. */
  protected siblings(x: Image): void {
    const k = Math.min(this.pick([1, 2, 3]), x.size);
    const pad = Math.floor((k - 1) / 2);
    const end = k - 1 - pad;
    const group = this.chance(0.15) && x.channels % 2 === 0 ? 2 : 1;
    const made: Image[] = [];
    for (let i = this.random.integer(2, 3); i > 0; i--) {
      // A smaller kernel with the same output size, here and there.
      const small = this.chance(0.3);
      const [size, begin, after] = small ? [1, 0, 0] : [k, pad, end];
      const out = group * this.random.integer(1, 3);
      const window = `pads = [${begin}, ${begin}, ${after}, ${after}], group = ${group}`;
      const weight = this.parameter([out, x.channels / group, size, size]);
      const inputs = [x.name, weight, ...this.bias(out)].join(', ');
      this.emit(`Conv<${window}>(${inputs})`, out, x.size);
      const conv = this.images.at(-1)!;
      const normed = this.chance(0.3) ? this.norm(conv.name, out) : conv.name;
      made.push({ ...conv, name: normed });
      if (normed !== conv.name) this.images.push(made.at(-1)!);
    }
    if (this.chance(0.5)) this.#concat(made);
  }

  /** Matrix products of one input, brought back to an image. */
  protected products(x: Image): void {
    if (x.size > 4 || this.opset < 7) return;
    const [k, n] = [x.channels * x.size * x.size, this.random.integer(1, 3)];
    const flat = this.name('flat');
    this.nodes.push(`${flat} = Flatten(${x.name})`);
    const gemm = this.chance(0.5);
    const transB = gemm && this.chance(0.5);
    for (let i = 0; i < 2; i++) {
      const product = this.name('product');
      const weight = this.parameter(transB ? [n, k] : [k, n]);
      const inputs = [flat, weight, ...(gemm ? this.bias(n) : [])].join(', ');
      const operator = gemm ? `Gemm<transB = ${transB ? 1 : 0}>` : 'MatMul';
      this.nodes.push(`${product} = ${operator}(${inputs})`);
      const shape = this.constant('int64', [4], `{1, ${n}, 1, 1}`);
      this.emit(`Reshape(${product}, ${shape})`, n, 1);
    }
  }

  /** A sum with a number for each column, or one for all. */
  protected biased(product: string, columns: number): string {
    const sum = this.name('sum');
    const constant = this.parameter(this.chance(0.9) ? [columns] : []);
    this.nodes.push(`${sum} = Add(${this.shuffled([product, constant]).join(', ')})`);
    return sum;
  }

  /** A matrix product over pixels as a sequence, its batch norm over channels, and back to an image. */
  protected tokens(x: Image): void {
    if (this.opset < 7) return;
    const [n, pixels] = [this.random.integer(1, 4), x.size * x.size];
    const [rows, last, product] = [this.name('rows'), this.name('last'), this.name('product')];
    const flat = this.constant('int64', [3], `{1, ${x.channels}, ${pixels}}`);
    this.nodes.push(
      `${rows} = Reshape(${x.name}, ${flat})`,
      `${last} = Transpose<perm = [0, 2, 1]>(${rows})`,
      `${product} = MatMul(${last}, ${this.parameter([x.channels, n])})`,
    );
    const summed = this.chance(0.7) ? this.biased(product, n) : product;
    const first = this.name('first');
    this.nodes.push(`${first} = Transpose<perm = [0, 2, 1]>(${summed})`);
    const normed = this.chance(0.8) ? this.norm(first, n) : first;
    const shape = this.constant('int64', [4], `{1, ${n}, ${x.size}, ${x.size}}`);
    this.emit(`Reshape(${normed}, ${shape})`, n, x.size);
  }

  /** A Split, and mostly a Concat of its parts; or a Concat, and a Split into its pieces. */
  protected joins(x: Image): void {
    if (this.chance(0.4)) {
      const pieces = this.images.filter(({ size }) => size === x.size).slice(-2);
      const joined = this.#concat(pieces);
      const sizes = pieces.map(({ channels }) => channels);
      this.#split(joined, this.chance(0.7) ? sizes : [...sizes].reverse());
      return;
    }
    if (x.channels < 2) return;
    const first = this.random.integer(1, x.channels - 1);
    const parts = this.#split(x, [first, x.channels - first]);
    this.#concat(this.chance(0.8) ? parts : [...parts].reverse());
  }

  #concat(images: readonly Image[]): Image {
    const channels = images.reduce((sum, image) => sum + image.channels, 0);
    const axis = this.opset >= 11 && this.chance(0.2) ? -3 : 1;
    const names = images.map(({ name }) => name).join(', ');
    this.emit(`Concat<axis = ${axis}>(${names})`, channels, images[0]!.size);
    return this.images.at(-1)!;
  }

  #split(x: Image, sizes: readonly number[]): Image[] {
    const parts = sizes.map((channels) => ({ ...x, name: this.name('part'), channels }));
    const names = parts.map(({ name }) => name).join(', ');
    if (this.opset < 13) {
      const list = sizes.join(', ');
      this.nodes.push(`${names} = Split<axis = 1, split = [${list}]>(${x.name})`);
    } else {
      const list = this.constant('int64', [sizes.length], `{${sizes.join(', ')}}`);
      this.nodes.push(`${names} = Split<axis = 1>(${x.name}, ${list})`);
    }
    this.images.push(...parts);
    return parts;
  }

  /** A Loop whose body convolves and norms what it carries, with parameters from outside or its own. */
  protected loop(x: Image): void {
    if (this.opset < 8) return;
    const c = x.channels;
    const rounds = this.constant('int64', [], `{${this.random.integer(0, 2)}}`);
    const [state, inner, next] = [this.name('state'), this.name('inner'), this.name('next')];
    const [round, going, same] = [this.name('round'), this.name('going'), this.name('same')];
    // A body reads the value around it, too, where what it makes out of it may vanish.
    const read = this.chance(0.3) ? x.name : state;
    const conv = `${inner} = Conv(${read}, ${this.parameter([c, c, 1, 1])})`;
    const normed = this.norm(inner, c);
    const norm = this.nodes.pop()!;
    const body = [
      `${round}: input int64[]`,
      `${going}: input bool[]`,
      `${state}: input ${this.type}[1, ${c}, ${x.size}, ${x.size}]`,
      `${same}: output`,
      `${next}: output`,
      `${same} = Identity(${going})`,
      conv,
      norm,
      // Loops may run away: what is carried stays small.
      `${next} = Tanh(${normed})`,
    ];
    this.emit(`Loop<body = { ${body.join('; ')} }>(${rounds}, "", ${x.name})`, c, x.size);
  }

  /** A function with a layer and its batch norm, called once or twice. */
  protected call(x: Image): void {
    const name = `f${this.functions.length}`;
    const c = x.channels;
    const lines: string[] = [];
    const stored = (dims: readonly number[], positive = false): string => {
      const constant = this.name('k');
      const elements = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () =>
        String(this.random.integer(positive ? 1 : -4, 4) / 4),
      );
      const tensor = `${this.type}[${dims.join(', ')}] {${elements.join(', ')}}`;
      lines.push(`${constant} = Constant<value = ${tensor}>()`);
      return constant;
    };
    const [given, inner, made] = [this.name('given'), this.name('inner'), this.name('made')];
    const conv = `${inner} = Conv(${given}, ${stored([c, c, 1, 1])})`;
    const parameters = [stored([c]), stored([c]), stored([c]), stored([c], true)].join(', ');
    const mode = this.opset < 7 ? '<is_test = 1>' : '';
    lines.push(conv, `${made} = BatchNormalization${mode}(${inner}, ${parameters})`);
    const also = this.chance(0.2) ? `; ${this.name('also')} = Relu(${inner})` : '';
    const imports = `<opset_import: ["": ${this.opset}]>`;
    this.functions.push(
      `function local.${name} { ${imports} ${made}: output; ${lines.join('; ')}${also} }`,
    );
    for (let calls = this.random.integer(1, 2); calls > 0; calls--) {
      this.emit(`local.${name}(${x.name})`, c, x.size);
    }
  }
}
