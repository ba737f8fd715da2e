// Rules small enough to see through, for the tests of the rewriter: batch norms scale a convolution
// without arithmetic (their parameters move into its inputs).

import type { Editor } from '#convfuse/ir/editor.js';
import type { Node } from '#convfuse/ir/node.js';
import type { Value } from '#convfuse/ir/value.js';
import * as conditions from '#convfuse/rewrite/conditions.js';
import { defineRule, type Match, type Rule } from '#convfuse/rewrite/rule.js';
import { constantOfValue } from '#convfuse/ir/view.js';

const example = { before: 'y = Relu(x)', after: 'y = Relu(x)' };

/** The later node goes; the earlier one makes its output. */
export function absorb(edit: Editor, into: Node, gone: Node): void {
  const output = gone.output(0);
  edit.setInputs(gone, []);
  edit.takeOutput(into, 0, output);
  edit.remove(gone);
}

export const eliminateIdentity = defineRule({
  name: 'eliminate-identity',
  level: 'basic',
  doc: 'Identity(x) = x.',
  roots: ['Identity'],
  match(node): Match | undefined {
    const producer = node.input(0).producer;
    if (producer === undefined) return undefined;
    return { nodes: [node], into: producer, vanishing: [], parameters: [] };
  },
  conditions: [conditions.sameGraph],
  rewrite({ nodes: [node], into }, edit) {
    const [from, to] = [node!.output(0), node!.input(0)];
    if (from.isOutput) {
      if (to.isOutput) return { reason: 'graph-output', detail: 'both are outputs' };
      edit.replaceUses(to, from);
      edit.takeOutput(into, into.outputs.indexOf(to), from);
    } else {
      edit.replaceUses(from, to);
    }
    edit.remove(node!);
    return { into };
  },
  example,
});

function foldNorm(name: string, into: string, level: 'basic' | 'extended' = 'basic'): Rule {
  return defineRule({
    name,
    level,
    doc: `BatchNormalization behind ${into} goes into it.`,
    roots: ['BatchNormalization'],
    match(norm): Match | undefined {
      const producer = norm.optionalInput(0)?.producer;
      if (producer?.is(into) !== true) return undefined;
      const parameters = [...producer.inputs.slice(1), ...norm.inputs.slice(1)];
      return {
        nodes: [producer, norm],
        into: producer,
        vanishing: [producer.output(0)],
        parameters: parameters.filter((value): value is Value => value !== undefined),
      };
    },
    conditions: [
      conditions.sameGraph,
      conditions.inferenceMode,
      conditions.noExtraOutputs,
      conditions.notOverridable,
      conditions.constantParameters,
      conditions.oneFloatType,
      conditions.singleConsumer,
      conditions.notGraphOutput,
      conditions.notPinned,
    ],
    rewrite({ into: producer, nodes: [, norm] }, edit) {
      const weight = producer.input(1);
      const tensor = constantOfValue(weight)!.read();
      const folded = edit.constant(
        producer.graph,
        `${weight.name.replace(/_fused$/, '')}_fused`,
        tensor,
        producer,
      );
      edit.setInputs(producer, [producer.input(0), folded, ...producer.inputs.slice(2)]);
      absorb(edit, producer, norm!);
      return { into: producer };
    },
    example,
  });
}

export const foldIntoConv = foldNorm('fuse-batch-norm-into-conv', 'Conv');
export const foldIntoGemm = foldNorm('fuse-batch-norm-into-gemm', 'Gemm', 'extended');
export const foldIntoNorm = foldNorm('fuse-batch-norm-into-batch-norm', 'BatchNormalization');
export const TOY_RULES = [eliminateIdentity, foldIntoConv, foldIntoNorm, foldIntoGemm];
