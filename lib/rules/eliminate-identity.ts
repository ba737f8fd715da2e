import { resolveValue } from '../ir/builder.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { notPinned } from '../rewrite/conditions.js';
import { defineRule, type Condition, type Match, type Rewritten } from '../rewrite/rule.js';
import { knownAttributes } from './guards.js';

interface IdentityMatch extends Match {
  readonly identity: Node;
  readonly input: Value;
  readonly output: Value;
}

/** A graph's output keeps its name: then the node before the Identity must be able to make it. */
const removable: Condition<IdentityMatch> = {
  name: 'removable',
  doc: 'Its output is no graph output, or a node of the same graph can make it under that name.',
  check({ identity, input, output }) {
    if (!output.isOutput) return undefined;
    const made = input.producer?.graph === identity.graph;
    if (made && !input.isOutput && input.pinned === undefined) return undefined;
    const detail = `${output.name} is a graph output, and ${input.name} cannot take its name`;
    return { reason: 'graph-output', detail };
  },
};

/** Names are all that a file has: what reads the output must mean the input by the input's name. */
const visible: Condition<IdentityMatch> = {
  name: 'visible',
  doc: 'Where its output is read, in nested graphs too, the name of its input means its input.',
  check({ input, output }) {
    const [readers, name] = output.isOutput ? [input.uses, output] : [output.uses, input];
    for (const reader of readers.keys()) {
      const found = resolveValue(reader.graph, name.name);
      if (found === name) continue;
      return { reason: 'pattern', detail: `${name.name} means something else to ${reader.label}` };
    }
    return undefined;
  },
};

export const eliminateIdentity = defineRule<IdentityMatch>({
  name: 'eliminate-identity',
  level: 'basic',
  doc: 'Identity(x) = x',
  roots: ['Identity'],
  match(identity) {
    const [input, output] = [identity.optionalInput(0), identity.optionalOutput(0)];
    if (input === undefined || output === undefined) return undefined;
    const into = input.producer ?? identity;
    return { nodes: [identity], into, vanishing: [], parameters: [], identity, input, output };
  },
  conditions: [
    knownAttributes,
    {
      ...notPinned,
      check: ({ identity, output }: IdentityMatch, facts) =>
        notPinned.check(
          { nodes: [identity], into: identity, vanishing: [output], parameters: [] },
          facts,
        ),
    },
    removable,
    visible,
  ],
  rewrite,
  example: {
    before: 'y = Conv(x, W)\ni = Identity(y)\nz = Relu(i)',
    after: 'y = Conv(x, W)\nz = Relu(y)',
  },
});

function rewrite({ identity, input, output, into }: IdentityMatch, edit: Editor): Rewritten {
  if (output.isOutput) {
    const producer = input.producer!;
    edit.setInputs(identity, []);
    edit.replaceUses(input, output);
    edit.takeOutput(producer, producer.outputs.indexOf(input), output);
  } else {
    edit.replaceUses(output, input);
  }
  edit.remove(identity);
  return { into };
}
