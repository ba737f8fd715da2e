import { defineRule } from '../rewrite/rule.js';
import { bypass, bypassNotPinned, removable, visible, type BypassMatch } from './bypass.js';
import { knownAttributes } from './guards.js';

export const eliminateIdentity = defineRule<BypassMatch>({
  name: 'eliminate-identity',
  level: 'basic',
  doc: 'Identity(x) = x',
  roots: ['Identity'],
  match(bypassed) {
    const [input, output] = [bypassed.optionalInput(0), bypassed.optionalOutput(0)];
    if (input === undefined || output === undefined) return undefined;
    const into = input.producer ?? bypassed;
    return { nodes: [bypassed], into, vanishing: [], parameters: [], bypassed, input, output };
  },
  conditions: [knownAttributes, bypassNotPinned, removable, visible],
  rewrite(match, edit) {
    bypass(match, edit);
    return { into: match.into };
  },
  example: {
    before: 'y = Conv(x, W)\ni = Identity(y)\nz = Relu(i)',
    after: 'y = Conv(x, W)\nz = Relu(y)',
  },
});
