import { resolveValue } from '../ir/builder.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { notPinned } from '../rewrite/conditions.js';
import type { Condition, Match, Refusal } from '../rewrite/rule.js';

/** A node whose output always equals a value that is there already. */
export interface BypassMatch extends Match {
  /** The node that goes. */
  readonly bypassed: Node;
  readonly input: Value;
  readonly output: Value;
}

/** A graph's output keeps its name: then the node before must be able to make it. */
export const removable: Condition<BypassMatch> = {
  name: 'removable',
  doc: 'Its output is no graph output, or a node of the same graph can make it under that name.',
  check({ bypassed, input, output }) {
    if (!output.isOutput) return undefined;
    const made = input.producer?.graph === bypassed.graph;
    if (made && !input.isOutput && input.pinned === undefined) return undefined;
    const detail = `${output.name} is a graph output, and ${input.name} cannot take its name`;
    return { reason: 'graph-output', detail };
  },
};

/** Names are all that a file has: what reads the output must mean the input by the input's name. */
export const visible: Condition<BypassMatch> = {
  name: 'visible',
  doc: 'Where its output is read, in nested graphs too, the name of its input means its input.',
  check: ({ input, output }) => invisibleTo(input, output),
};

export function invisibleTo(input: Value, output: Value): Refusal | undefined {
  const [readers, name] = output.isOutput ? [input.uses, output] : [output.uses, input];
  for (const reader of readers.keys()) {
    const found = resolveValue(reader.graph, name.name);
    if (found === name) continue;
    const detail = `${name.name} means something else to ${reader.label}`;
    return { reason: 'pattern', detail };
  }
  return undefined;
}

export const bypassNotPinned: Condition<BypassMatch> = {
  ...notPinned,
  check: ({ bypassed, output }, facts) =>
    notPinned.check(
      { nodes: [bypassed], into: bypassed, vanishing: [output], parameters: [] },
      facts,
    ),
};

/** Makes the readers of a node's output read a value that is there already. */
export function bypass({ bypassed, input, output }: BypassMatch, edit: Editor): void {
  if (output.isOutput) {
    const producer = input.producer!;
    edit.setInputs(bypassed, []);
    edit.replaceUses(input, output);
    edit.takeOutput(producer, producer.outputs.indexOf(input), output);
  } else {
    edit.replaceUses(output, input);
  }
  edit.remove(bypassed);
}
