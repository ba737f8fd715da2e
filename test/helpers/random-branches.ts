// Blocks of random networks whose branches a merge may add up, as those of RepVGG, ACNet and DBB,
// with the traps: other windows, groups and pads, averages that do not count, further readers.

import type { Image } from './graph-text.js';
import { GraphBlocks } from './random-blocks.js';

/** The convolutions of a block: outputs of one size. */
interface Block {
  readonly x: Image;
  readonly out: number;
  readonly group: number;
  readonly stride: number;
  readonly size: number;
}

export class BranchText extends GraphBlocks {
  /** Two to four branches of one image, and their sum. */
  protected block(x: Image): void {
    const group = this.chance(0.3) ? this.pick(divisors(x.channels)) : 1;
    const out = this.chance(0.7) ? x.channels : group * this.random.integer(1, 3);
    const stride = this.chance(0.2) ? 2 : 1;
    const size = Math.floor((x.size - 1) / stride) + 1;
    const block = { x, out, group, stride, size };
    const count = this.random.integer(2, 4);
    const branches = Array.from({ length: count }, () => this.#branch(block));
    // Something else in the sum, too.
    const others = this.images.filter((image) => image.channels === out && image.size === size);
    if (others.length > 0 && this.chance(0.15)) branches.push(this.pick(others).name);
    if (this.chance(0.1)) this.images.push({ name: branches[0]!, channels: out, size });
    this.#addUp(branches, out, size);
  }

  /** Two convolutions in a row, of which one is mostly 1x1. */
  protected sequence(x: Image): void {
    const middle = this.random.integer(1, 8);
    const stride = this.chance(0.2) ? 2 : 1;
    const [k, pad] = this.pick([
      [1, 0],
      [3, 1],
    ] as const);
    const size = Math.floor((x.size - 1) / stride) + 1;
    const first = this.#conv({ x, out: middle, group: 1, stride, size }, [k, k], [pad, pad]);
    const between = { name: first, channels: middle, size };
    const wide = this.chance(0.5) && size >= 3;
    // With pads it depends on the bias of the first; without, the image shrinks.
    const padded = wide && this.chance(0.5);
    const after = wide && !padded ? size - 2 : size;
    const block = { x: between, out: this.random.integer(1, 4), group: 1, stride: 1, size: after };
    const [kernel, pads] = [wide ? 3 : 1, padded ? 1 : 0];
    const name = this.#conv(block, [kernel, kernel], [pads, pads]);
    this.images.push({ name, channels: block.out, size: after });
    if (this.chance(0.1)) this.images.push(between);
  }

  #branch(block: Block): string {
    const { x, out, stride } = block;
    const same = out === x.channels;
    const kinds: (readonly [number, () => string])[] = [
      [4, () => this.#conv(block, [3, 3], [1, 1])],
      [3, () => this.#conv(block, [1, 1], [0, 0])],
      [1, () => this.#conv(block, [1, 3], [0, 1])],
      [1, () => this.#conv(block, [3, 1], [1, 0])],
      // Taps that meet those of the others only on one side, or not at all.
      [0.5, () => this.#conv(block, [3, 3], [2, 0], [0, 2])],
      [0.5, () => this.#conv(block, [3, 3], [2, 2], [2, 2], 2)],
      [0.5, () => this.#conv(block, [2, 2], [1, 0], [0, 1])],
      [0.5, () => this.#conv({ ...block, group: this.#otherGroup(block) }, [3, 3], [1, 1])],
      [1, () => this.#row(block)],
    ];
    if (same && stride === 1) {
      kinds.push([2, () => this.norm(x.name, x.channels)], [1, () => x.name]);
    }
    if (same) kinds.push([1.5, () => this.#average(x.name, block)]);
    const made = this.weighted(kinds)();
    return made !== x.name && this.chance(0.4) ? this.norm(made, out) : made;
  }

  /** 1x1, mostly without a bias, and a 3x3 or an average behind it. */
  #row(block: Block): string {
    const { x, out } = block;
    const point = { x, out, group: 1, stride: 1, size: x.size };
    const name = this.#conv(point, [1, 1], [0, 0], [0, 0], 1, this.chance(0.7));
    if (this.chance(0.4)) return this.#average(name, block);
    const group = out % block.group === 0 && this.chance(0.5) ? block.group : 1;
    return this.#conv({ ...block, group, x: { ...x, name, channels: out } }, [3, 3], [1, 1]);
  }

  #average(x: string, { stride }: Block): string {
    const attributes = [
      'kernel_shape = [3, 3]',
      'pads = [1, 1, 1, 1]',
      `strides = [${stride}, ${stride}]`,
    ];
    if (this.opset >= 7 && this.chance(0.8)) attributes.push('count_include_pad = 1');
    const name = this.name('avg');
    this.nodes.push(`${name} = AveragePool<${attributes.join(', ')}>(${x})`);
    return name;
  }

  #otherGroup({ x, out }: Block): number {
    return this.pick(divisors(x.channels).filter((group) => out % group === 0));
  }

  #conv(
    { x, out, group, stride }: Block,
    kernel: readonly number[],
    begin: readonly number[],
    end = begin,
    dilation = 1,
    plain = false,
  ): string {
    const attributes = [
      `pads = [${[...begin, ...end].join(', ')}]`,
      `strides = [${stride}, ${stride}]`,
      `dilations = [${dilation}, ${dilation}]`,
      `group = ${group}`,
    ];
    const weight = this.parameter([out, x.channels / group, ...kernel]);
    const inputs = [x.name, weight, ...(plain ? [] : this.bias(out))];
    const name = this.name('part');
    this.nodes.push(`${name} = Conv<${attributes.join(', ')}>(${inputs.join(', ')})`);
    return name;
  }

  /** In one Sum, or in a tree of Adds of any form. */
  #addUp(branches: readonly string[], channels: number, size: number): void {
    if (this.chance(0.3)) return this.emit(`Sum(${branches.join(', ')})`, channels, size);
    const left = [...branches];
    while (left.length > 2) {
      const at = this.random.integer(0, left.length - 2);
      const name = this.name('sum');
      this.nodes.push(`${name} = Add(${left[at]}, ${left[at + 1]})`);
      if (this.chance(0.05)) this.images.push({ name, channels, size });
      left.splice(at, 2, name);
    }
    this.emit(`Add(${left.join(', ')})`, channels, size);
  }
}

export function divisors(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);
}
