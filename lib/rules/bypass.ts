import { resolveValue } from '../ir/builder.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Value } from '../ir/value.js';
import { notPinned } from '../rewrite/conditions.js';
import type { Condition, Match, Refusal } from '../rewrite/rule.js';

/** A node whose output always equals another, existing value. */
export interface BypassMatch extends Match {
  /** The node to remove. */
  readonly bypassed: Node;
  readonly input: Value;
  readonly output: Value;
}

/** A graph output must keep its name, so the node before must be able to produce it. */
export const removable: Condition<BypassMatch> = {
  name: 'removable',
  doc: 'The output is no graph output, or the node before, in the same graph, can produce it by that name.',
  check({ bypassed, input, output }) {
    if (!output.isOutput) return undefined;
    const made = input.producer?.graph === bypassed.graph;
    if (made && !input.isOutput && input.pinned === undefined) return undefined;
    const detail = `${output.name} is a graph output, and ${input.name} cannot take its name`;
    return { reason: 'graph-output', detail };
  },
};

/**
 * Files refer to values by name, so the name of the input must not be shadowed where the output is
 * read.
 */
export const visible: Condition<BypassMatch> = {
  name: 'visible',
  doc: 'Wherever the output is read, also in nested graphs, the name of the input refers to the input.',
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

/** Makes the readers of a node's output read the equal value, and removes the node. */
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
