// The example of every rule, broken in one place for each guard that the rule shares with others:
// it must stay as it is, for the guard's reason.

import { isOverridable } from '#convfuse/ir/view.js';
import type { Node } from '#convfuse/ir/node.js';
import { parseText } from '#convfuse/ir/text.js';
import type { Value } from '#convfuse/ir/value.js';
import type { Match, Reason, Rule } from '#convfuse/rewrite/rule.js';
import { ALL_RULES } from '#convfuse/rules/index.js';

import { inferredFacts } from '../helpers/compare-fused.js';

export interface Broken {
  readonly name: string;
  readonly rule: Rule;
  readonly guard: string;
  readonly text: string;
  readonly reason: Reason;
}

/** What a way of breaking sees: the example, and what the rule matches in it. */
interface Example {
  readonly lines: readonly string[];
  readonly match: Match;
  /** Stored parameters of floating point that the nodes read as they are. */
  readonly stored: readonly Value[];
}

/** undefined: there is nothing in the example that can be broken this way. */
type Way = readonly [guard: string, Reason, (example: Example) => readonly string[] | undefined];

const WAYS: readonly Way[] = [
  ['known-attributes', 'attribute', ({ lines, match }) => withAttribute(lines, match.nodes[0]!)],
  [
    'known-attributes',
    'attribute',
    ({ lines, match }) => withAttribute(lines, match.nodes.at(-1)!),
  ],
  ['known-attributes', 'attribute', ({ lines, match }) => bound(lines, match.nodes.at(-1)!)],
  ['known-opset', 'opset', ({ lines }) => ['<ir_version: 10, opset_import: ["": 99]>', ...lines]],
  [
    'not-pinned',
    'pinned',
    ({ lines, match: { vanishing } }) => declared(lines, vanishing, 'pinned'),
  ],
  ['not-graph-output', 'graph-output', ({ lines, match }) => outputs(lines, match.vanishing)],
  [
    'single-consumer',
    'multi-consumer',
    ({ lines, match: { vanishing } }) =>
      vanishing.length === 0 ? undefined : [...lines, `read = Relu(${vanishing.at(-1)!.name})`],
  ],
  [
    'not-overridable',
    'overridable-input',
    ({ lines, stored }) =>
      redeclared(lines, stored.at(-1), (dims) => `input float${dims} = random(1)`),
  ],
  [
    'constant-parameters',
    'not-constant',
    ({ lines, stored }) => redeclared(lines, stored[0], (dims) => `input float${dims}`),
  ],
  [
    'one-float-type',
    'dtype',
    ({ lines, stored }) =>
      stored.length < 2 ? undefined : redeclared(lines, stored.at(-1), (dims) => `double${dims}`),
  ],
  [
    'no-extra-outputs',
    'extra-outputs',
    ({ lines, match }) =>
      onLine(lines, match.nodes.at(-1)!, (line) => line.replace(' = ', ', extra = ')),
  ],
  ['same-graph', 'pattern', ({ lines, match }) => inBranch(lines, match)],
  [
    'inference-mode',
    'training-mode',
    ({ lines, match }) => {
      const norm = match.nodes.find((node) => node.opType === 'BatchNormalization');
      return norm && withAttribute(lines, norm, 'training_mode = 1');
    },
  ],
  [
    'layer-shapes',
    'shape',
    ({ lines, match }) => {
      const conv = match.nodes.find((node) => /^Conv/.test(node.opType));
      return conv === undefined ? undefined : withAttribute(lines, conv, 'strides = [1]');
    },
  ],
  [
    'batch-norm-shapes',
    'shape',
    ({ lines, stored }) => redeclared(lines, stored.at(-1), () => 'float[3]'),
  ],
];

function examplesOf(rule: Rule): Example | undefined {
  const { before } = rule.example;
  const { graph } = parseText(before);
  for (const root of graph.nodes()) {
    const match = rule.roots.includes(root.opType) ? rule.match(root, inferredFacts()) : undefined;
    if (match === undefined) continue;
    const stored = match.parameters.filter(
      (value) => value.initializer?.type === 'float32' && !isOverridable(value),
    );
    return { lines: before.split('\n').map((line) => line.trim()), match, stored };
  }
  return undefined;
}

/** Changes the line that makes a node's first output. */
function onLine(
  lines: readonly string[],
  node: Node,
  change: (line: string) => string,
): readonly string[] {
  const name = node.output(0).name;
  return lines.map((line) => (new RegExp(`^${name}[ ,].*= `).test(line) ? change(line) : line));
}

function withAttribute(lines: readonly string[], node: Node, attribute = 'unheard_of = 1') {
  return onLine(lines, node, (line) =>
    line.includes(`${node.opType}<`)
      ? line.replace('<', `<${attribute}, `)
      : line.replace(`${node.opType}(`, `${node.opType}<${attribute}>(`),
  );
}

/** An attribute that only a call of the function around it would settle. */
function bound(lines: readonly string[], node: Node): readonly string[] | undefined {
  const names: Readonly<Record<string, string>> = {
    Conv: 'group: int = @g',
    Gemm: 'transA: int = @g',
    BatchNormalization: 'epsilon: float = @e',
    Concat: 'axis: int = @a',
    Split: 'axis: int = @a',
  };
  const attribute = names[node.opType];
  if (attribute === undefined) return undefined;
  const own = new RegExp(`${attribute.split(':')[0]!} = [^,>]+(, )?`);
  const cut = lines.map((line) => line.replace(own, '').replace('<>', ''));
  return withAttribute(cut, node, attribute);
}

function declared(lines: readonly string[], values: readonly Value[], what: string) {
  const [value] = values;
  return value === undefined ? undefined : [`${value.name}: ${what}`, ...lines];
}

/** The value is an output, and what was one stays one. */
function outputs(lines: readonly string[], values: readonly Value[]) {
  const own = parseText(lines.join('\n')).graph.outputs.map(({ name }) => name);
  const names = new Set([...values.map(({ name }) => name), ...own]);
  return values.length === 0
    ? undefined
    : [...[...names].map((name) => `${name}: output`), ...lines];
}

function redeclared(
  lines: readonly string[],
  value: Value | undefined,
  text: (dims: string) => string,
) {
  if (value === undefined) return undefined;
  const others = lines.filter((line) => !line.startsWith(`${value.name}: `));
  return [`${value.name}: ${text(`[${value.initializer!.dims.join(', ')}]`)}`, ...others];
}

/** The last node of the match, and what follows it, stands in a branch. */
function inBranch(lines: readonly string[], { nodes }: Match): readonly string[] {
  const start = lines.findIndex((line) => line.startsWith(`${nodes.at(-1)!.output(0).name}`));
  const body = lines.slice(start).join('; ');
  const branch = `taken = If<then_branch = { ${body} }, else_branch = { e = Relu(other) }>(flag)`;
  return ['flag: input bool', ...lines.slice(0, start), branch];
}

export const BROKEN: readonly Broken[] = ALL_RULES.flatMap((rule) => {
  const example = examplesOf(rule);
  if (example === undefined) throw new Error(`${rule.name} does not match its example`);
  const guards = new Set(rule.conditions.map(({ name }) => name));
  return WAYS.flatMap(([guard, reason, way], at): Broken[] => {
    const name = `the example of ${rule.name}, broken for ${guard} (${at})`;
    const lines = guards.has(guard) ? way(example) : undefined;
    return lines === undefined ? [] : [{ name, rule, guard, reason, text: lines.join('\n') }];
  });
});
