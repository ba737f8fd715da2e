import type { Editor } from '../ir/editor.js';
import { defineRule, type Condition, type Rewritten } from '../rewrite/rule.js';
import type { LayerMatch } from './guards.js';
import { convLikeness } from './likeness.js';
import { rewriteSiblings } from './merge-siblings.js';
import { equalSibling, matchSiblings, SIBLING_GUARDS, type SiblingMatch } from './siblings.js';

/** Channels of a merged grouped convolution would come out group by group, the layers mixed. */
const oneGroup: Condition<LayerMatch> = {
  name: 'one-group',
  doc: 'The convolution has one group: with more, outputs of the layers would interleave.',
  check({ layer }) {
    const groups = layer.attribute('group', 'int') ?? 1;
    if (groups === 1) return undefined;
    const detail = `${layer.label} has ${groups} groups: merged outputs would interleave`;
    return { reason: 'attribute', detail };
  },
};

const GUARDS = [...SIBLING_GUARDS, oneGroup];

export const mergeSiblingConvs = defineRule<SiblingMatch>({
  name: 'merge-sibling-convs',
  level: 'extended',
  doc: 'Conv(x, W1, b1), Conv(x, W2, b2) = Split(Conv(x, [W1; W2], [b1; b2]), axis 1), for equal windows',
  roots: ['Conv'],
  match: (conv, facts) => matchSiblings(conv, facts, GUARDS, convLikeness),
  conditions: [...GUARDS, equalSibling],
  rewrite: (match, edit: Editor): Rewritten => rewriteSiblings(match, edit, 0, 1),
  example: {
    before: 'y = Conv(x, W1, b1)\nz = Conv(x, W2)',
    after: 'y_merged = Conv(x, W1_merged, b1_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  },
});
