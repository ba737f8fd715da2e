import type { Reason } from './rule.js';

/** The meaning of each reason, for users. The type makes sure that none is missing. */
export const REASONS: Readonly<Record<Reason, string>> = {
  'multi-consumer':
    'A value that would vanish has other readers, in this graph or in a nested one.',
  'graph-output': 'A value that would vanish is an output of the model.',
  'training-mode': 'The batch norm updates its statistics, or uses those of the batch.',
  'extra-outputs': 'An optional output of a node that would vanish has a name.',
  'not-constant': 'A parameter is computed or fed at run time.',
  'overridable-input':
    'A parameter is an initializer that callers may override (see --constant-initializers).',
  dtype: 'Element types are mixed, or are not floating point that the fold can compute.',
  shape: 'Shapes do not fit the formula, or are not known.',
  padding: 'A shift in front of a padded convolution would be missing at the border.',
  broadcast: 'A constant does not stand for one number per channel.',
  'non-finite': 'Parameters or results are not finite, or variance + epsilon is not above 0.',
  'precision-loss': 'Folded weights would underflow, or rounding would be worse than the bound.',
  opset: 'The operator has a version whose meaning is not known here, or spatial = 0.',
  attribute: 'An attribute has a value that the formula does not cover.',
  quantized: 'Quantisation stands between the nodes or in front of the weights.',
  'custom-op': 'A custom domain or a model-local function gives the operator another meaning.',
  pinned: 'Training information, annotations or device configurations name the node or value.',
  cost: 'The cost model says that the merged form would be slower.',
  growth: 'The file would grow beyond the limit (see --allow-growth).',
  pattern: 'No node stands there that this one could fold into.',
};
