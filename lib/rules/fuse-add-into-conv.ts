import { defineRule, type Condition } from '../rewrite/rule.js';
import { rewriteBehind } from './behind-layer.js';
import { addMap, type ConstantMatch } from './channel-constant.js';
import { BEHIND_CONSTANT_GUARDS, matchConstantBehind } from './constant-beside-layer.js';

const hasBias: Condition<ConstantMatch> = {
  name: 'has-bias',
  doc: 'The layer can have a bias: a MatMul only where it is a product of matrices, which Gemm computes too.',
  check({ layer }, facts) {
    if (!layer.is('MatMul')) return undefined;
    const rank = facts.dims(layer.input(0))?.length;
    if (rank === 2) return undefined;
    const detail = `MatMul ${layer.label} has no bias, and its input ${rankText(rank)} is no matrix`;
    return { reason: 'shape', detail };
  },
};

function rankText(rank: number | undefined): string {
  return rank === undefined ? 'of unknown rank' : `of rank ${rank}`;
}

export const fuseAddIntoConv = defineRule<ConstantMatch>({
  name: 'fuse-add-into-conv',
  level: 'basic',
  doc: 'Conv(x, W, b) + c = Conv(x, W, b + c); - c for Sub, c + d for Sum, and c - Conv(x, W, b) = Conv(x, -W, c - b); ConvTranspose, Gemm alike, and MatMul of a matrix, which becomes a Gemm',
  roots: ['Add', 'Sub', 'Sum'],
  match: matchConstantBehind,
  conditions: [...BEHIND_CONSTANT_GUARDS, hasBias],
  rewrite: (match, edit, facts) => rewriteBehind(match, addMap(match), edit, facts),
  example: {
    before: 'c: float[4, 1, 1]\ny = Conv(x, W, b)\nz = Add(y, c)',
    after: 'z = Conv(x, W, b_fused)',
  },
});
