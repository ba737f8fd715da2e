// The layers of random networks, with what fusions meet around them: groups, strides, pads of every
// kind, transposed and dense layers, norms.

import { BranchText, divisors } from './random-branches.js';

export class LayerText extends BranchText {
  protected conv(x = this.recent()): void {
    const group = this.chance(0.3) ? this.pick(divisors(x.channels)) : 1;
    const out = group * this.random.integer(1, Math.max(1, Math.floor(6 / group)));
    const k = Math.min(this.random.integer(1, 3), x.size);
    const pad = this.chance(0.5) ? Math.floor(k / 2) : 0;
    const stride = this.chance(0.2) ? 2 : 1;
    const dilation = this.chance(0.1) && 2 * (k - 1) < x.size ? 2 : 1;
    const size = Math.floor((x.size + 2 * pad - dilation * (k - 1) - 1) / stride) + 1;
    const attributes = [
      `pads = [${[pad, pad, pad, pad].join(', ')}]`,
      `strides = [${stride}, ${stride}]`,
      `dilations = [${dilation}, ${dilation}]`,
      `group = ${group}`,
    ];
    const inputs = [x.name, this.parameter([out, x.channels / group, k, k]), ...this.bias(out)];
    this.emit(`Conv<${attributes.join(', ')}>(${inputs.join(', ')})`, out, size);
  }

  /** A Pad, and mostly something behind it that could take it in. */
  protected pad(): void {
    const x = this.recent();
    if (x.size > 10) return this.unary();
    const [before, after] = [this.random.integer(0, 2), this.random.integer(0, 2)];
    const pads = `0, 0, ${before}, ${before}, 0, 0, ${after}, ${after}`;
    const mode = this.chance(0.2) ? 'reflect' : 'constant';
    const fill = this.pick(['0', '0', '0', '1', '-inf', '-3.4028234663852886e+38']);
    const size = x.size + before + after;
    if (mode === 'reflect' && x.size <= 2) return this.unary();
    if (this.opset < 11) {
      const value = fill.includes('.') || fill.includes('inf') ? fill : `${fill}.0`;
      const attributes = `mode = "${mode}", pads = [${pads}], value = ${value}`;
      this.emit(`Pad<${attributes}>(${x.name})`, x.channels, size);
    } else {
      const inputs = [x.name, this.constant('int64', [8], `{${pads}}`)];
      // Left out, it is 0.
      if (fill !== '0' || this.chance(0.5)) inputs.push(this.constant(this.type, [], `{${fill}}`));
      this.emit(`Pad<mode = "${mode}">(${inputs.join(', ')})`, x.channels, size);
    }
    const padded = this.images.at(-1)!;
    if (fill.includes('3') || fill.includes('inf')) {
      // A window of three meets a number of the image; nothing else may read the infinities.
      this.images.pop();
      this.pool(padded, 'MaxPool', true);
    } else if (this.chance(0.5)) {
      this.conv(padded);
    } else {
      this.pool(padded);
    }
  }

  protected pool(x = this.recent(), only?: string, plain = false): void {
    const operator = only ?? this.pick(['MaxPool', 'AveragePool']);
    const k = Math.min(operator === 'MaxPool' ? 3 : this.random.integer(1, 3), x.size);
    const pad = !plain && this.chance(0.3) ? k - 1 : 0;
    const stride = this.chance(0.3) ? 2 : 1;
    const attributes = [
      `kernel_shape = [${k}, ${k}]`,
      `pads = [${[pad, pad, pad, pad].join(', ')}]`,
      `strides = [${stride}, ${stride}]`,
    ];
    if (operator === 'AveragePool' && this.opset >= 7 && this.chance(0.5)) {
      attributes.push('count_include_pad = 1');
    }
    const size = Math.floor((x.size + 2 * pad - k) / stride) + 1;
    this.emit(`${operator}<${attributes.join(', ')}>(${x.name})`, x.channels, size);
  }

  protected convTranspose(): void {
    const x = this.recent();
    const group = this.chance(0.4) ? this.pick(divisors(x.channels)) : 1;
    const inner = this.random.integer(1, 3);
    const k = this.random.integer(1, 3);
    const stride = x.size > 6 ? 1 : this.random.integer(1, 2);
    const pad = k === 3 && this.chance(0.5) ? 1 : 0;
    const more = stride === 2 && this.chance(0.3) ? 1 : 0;
    const size = stride * (x.size - 1) + more + k - 2 * pad;
    if (size < 1 || size > 16) return;
    const attributes = [
      `pads = [${[pad, pad, pad, pad].join(', ')}]`,
      `strides = [${stride}, ${stride}]`,
      `output_padding = [${more}, ${more}]`,
      `group = ${group}`,
    ];
    const weight = this.parameter([x.channels, inner, k, k]);
    const inputs = [x.name, weight, ...this.bias(inner * group)];
    this.emit(`ConvTranspose<${attributes.join(', ')}>(${inputs.join(', ')})`, inner * group, size);
  }

  /** A matrix product with its own batch norm, and back to an image. */
  protected dense(): void {
    const x = this.recent();
    if (x.size > 4 || this.opset < 7) return this.unary();
    const [k, n] = [x.channels * x.size * x.size, this.random.integer(1, 5)];
    const flat = this.name('flat');
    this.nodes.push(`${flat} = Flatten(${x.name})`);
    const transB = this.chance(0.5);
    const weight = this.parameter(transB ? [n, k] : [k, n]);
    const product = this.name('dense');
    const scale = this.chance(0.3) ? ', alpha = 0.5, beta = 2.0' : '';
    this.nodes.push(
      transB || this.chance(0.5)
        ? `${product} = Gemm<transB = ${transB ? 1 : 0}${scale}>(${[flat, weight, ...this.bias(n)].join(', ')})`
        : `${product} = MatMul(${flat}, ${weight})`,
    );
    const summed = this.chance(0.4) ? this.biased(product, n) : product;
    const normed = this.chance(0.7) ? this.norm(summed, n) : summed;
    const shape = this.constant('int64', [4], `{1, ${n}, 1, 1}`);
    this.emit(`Reshape(${normed}, ${shape})`, n, 1);
  }

  protected batchNorm(x = this.recent()): void {
    this.images.push({ ...x, name: this.norm(x.name, x.channels) });
  }

  protected unary(): void {
    const x = this.recent();
    const operator = this.pick(['Relu', 'Identity', 'Identity', 'Neg', 'Sigmoid', 'Tanh']);
    this.emit(`${operator}(${x.name})`, x.channels, x.size);
  }
}
