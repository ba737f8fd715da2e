import { defineRule } from '../rewrite/rule.js';
import { rewriteSiblings } from './merge-siblings.js';
import {
  equalSibling,
  matchSiblings,
  SIBLING_CONV_GUARDS,
  SIBLING_CONVS,
  type SiblingMatch,
} from './siblings.js';

export const mergeSiblingConvs = defineRule<SiblingMatch>({
  name: 'merge-sibling-convs',
  level: 'extended',
  deepestFirst: true,
  doc: 'Conv(x, W1, b1), Conv(x, W2, b2) = Split(Conv(x, [W1; W2], [b1; b2]), axis 1), for equal windows',
  roots: ['Conv'],
  match: (conv, facts) => matchSiblings(conv, facts, SIBLING_CONVS),
  conditions: [...SIBLING_CONV_GUARDS, equalSibling],
  rewrite({ group }, edit) {
    const parts = group.map((node) => ({ node }));
    return rewriteSiblings({ parts, like: group[0]!, axis: 1 }, edit);
  },
  example: {
    before: 'y = Conv(x, W1, b1)\nz = Conv(x, W2)',
    after: 'y_merged = Conv(x, W1_merged, b1_merged)\ny, z = Split<axis = 1>(y_merged, y_split)',
  },
});
