// What other tools do where a rule of ours works, read from their sources or measured: one row for
// each rule. '-' is not verified. docs/rules.md shows it; the text of a cell says how far a yes goes.

export const PEERS = [
  'onnxruntime basic',
  'onnxoptimizer',
  'OnnxSlim',
  'PyTorch',
  'OpenVINO',
  'TVM Relay',
  'TensorRT',
  'ncnn, MNN',
];

const UNKNOWN = PEERS.map(() => '-');

/** What no rule does: why a site was left alone. */
export const PEER_REASONS = ['no', 'no', 'no', 'no', 'no', 'no', 'no', 'no'];

/** Cells in the order of PEERS, by rule. */
export const PEER_TABLE = {
  'eliminate-identity': UNKNOWN,
  'fuse-batch-norm-into-conv': [
    'yes',
    'yes; the arithmetic stays in the graph',
    'yes',
    'yes, in eval mode',
    'yes, as a Mul',
    'yes (FoldScaleAxis)',
    '-',
    'yes',
  ],
  'fuse-batch-norm-into-conv-transpose': [
    'no',
    'no',
    'yes; wrong when grouped',
    'yes; broken when grouped',
    'yes, grouped too',
    '-',
    '-',
    'ncnn',
  ],
  'fuse-batch-norm-into-gemm': UNKNOWN,
  'fuse-batch-norm-into-matmul': UNKNOWN,
  'fuse-batch-norm-into-batch-norm': UNKNOWN,
  'fuse-batch-norm-into-quantized-conv': UNKNOWN,
  'fuse-mul-into-conv': [
    'Mul by its 2nd input; no Div',
    'no',
    'Mul by its 2nd input; no Div',
    'yes, Div too',
    'Mul',
    'Mul',
    '-',
    'as BN or scale',
  ],
  'fuse-add-into-conv': [
    'Add of its 2nd input; no Sub',
    'Add; no Sub',
    'Add of its 2nd input; no Sub',
    'yes, Sub too',
    'no',
    'Add',
    '-',
    'as BN or scale',
  ],
  'fuse-batch-norm-before-conv': ['no', 'no', 'no', 'no', 'the Mul of it', 'yes', '-', 'no'],
  'fuse-mul-before-conv': ['no', 'no', 'no', 'no', 'yes', 'yes', '-', 'no'],
  'fuse-add-before-conv': UNKNOWN,
  'fuse-pad-into-conv': ['yes', 'yes', 'yes', '-', '-', 'yes', '-', '-'],
  'fuse-pad-into-average-pool': UNKNOWN,
  'fuse-pad-into-max-pool': UNKNOWN,
  'merge-conv-sequence': UNKNOWN,
  'merge-parallel-conv-sum': ['no', 'no', 'no', 'in model code', '-', '-', '-', '-'],
  'merge-sibling-convs': ['no', 'no', 'no', '-', '-', 'yes, groups = 1', 'yes', '-'],
  'merge-sibling-matmuls': UNKNOWN,
  'merge-padded-sibling-convs': UNKNOWN,
  'eliminate-split-concat': UNKNOWN,
  'eliminate-concat-split': UNKNOWN,
  'fuse-activation-into-conv': [
    'no, from extended on',
    'no',
    'no',
    'ReLU',
    'Mish, HardSwish',
    '-',
    'yes',
    'ReLU, ReLU6',
  ],
  'fuse-residual-into-conv': UNKNOWN,
};
