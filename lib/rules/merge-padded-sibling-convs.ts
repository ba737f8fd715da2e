import type { Node } from '../ir/node.js';
import { nodeText } from '../rewrite/conditions.js';
import { defineRule, type Condition, type Facts, type Refusal } from '../rewrite/rule.js';
import { elementBytes, type FloatType } from '../tensor/dtype.js';
import { elementCount } from '../tensor/shape.js';
import { onlyConcat } from './concat-run.js';
import { copyWork, layerWork, positionsOf, sumWork, weigh, type Positions } from './cost.js';
import { embeddingOf, type Embedding } from './embed-kernel.js';
import type { LayerMatch } from './guards.js';
import { readLayer, type Layer } from './layer.js';
import type { LayerPart } from './merge-constants.js';
import { rewriteSiblings } from './merge-siblings.js';
import { attributeRefusal } from './operators.js';
import { parameterOf } from './parameter.js';
import { perMatch } from './per-match.js';
import { addedBytes } from './shared-merges.js';
import { inOrder } from './sibling-group.js';
import { alone, siblingIndex } from './sibling-index.js';
import { noSibling, SIBLING_CONV_GUARDS, SIBLING_CONVS } from './siblings.js';

/** A convolution, and one on the same input with a larger kernel. */
interface PaddedMatch extends LayerMatch {
  /** undefined: no kernel on the same input includes this one. */
  readonly host: Host | undefined;
  /** Another convolution on the same input that could be merged in principle. */
  readonly other: Node | undefined;
}

interface Host {
  readonly node: Node;
  readonly embedding: Embedding;
}

/** The most geometries on one input that are compared: n of them would cost n * n. */
const MANY = 512;

/** The smallest kernel that includes one, and among equals the first by name. */
function hostOf(conv: Node, others: readonly Node[]): Host | undefined {
  // An unknown attribute cannot be interpreted here; the guards will refuse the layer.
  const own = attributeRefusal(conv) ?? readLayer(conv);
  if ('reason' in own) return undefined;
  const type = parameterOf(conv.input(1))?.type;
  const taps = ({ kernel }: Embedding) => elementCount(kernel);
  const hosts = others.flatMap((node): Host[] => {
    const other = readLayer(node);
    if ('reason' in other || parameterOf(node.input(1))?.type !== type) return [];
    const embedding = embeddingOf(own.geometry.window, other.geometry.window);
    const larger = embedding && taps(embedding) > elementCount(own.geometry.window.kernel);
    return larger === true ? [{ node, embedding }] : [];
  });
  return hosts.sort(
    (a, b) =>
      taps(a.embedding) - taps(b.embedding) ||
      (a.node.output(0).name < b.node.output(0).name ? -1 : 1),
  )[0];
}

function partsOf(layer: Node, host: Host): LayerPart[] {
  return inOrder([layer, host.node]).map((node) =>
    node === layer ? { node, embedding: host.embedding } : { node },
  );
}

const fittingSibling: Condition<PaddedMatch> = {
  name: 'fitting-sibling',
  doc: 'Another convolution on the same input has a larger kernel that includes this one tap for tap.',
  check({ layer, host, other }) {
    if (host !== undefined) return undefined;
    if (other === undefined) return noSibling(layer);
    const detail = `no kernel on the same input has the taps of ${nodeText(layer)}, and more`;
    return { reason: 'attribute', detail };
  },
};

const paddingPaysOff: Condition<PaddedMatch> = {
  name: 'padding-pays-off',
  doc: 'By the cost model, the launches and bytes saved outweigh the multiplications by zero.',
  check(match, facts) {
    const weighed = weighPadding(match, facts);
    return typeof weighed === 'string' ? undefined : weighed;
  },
};

/**
 * Weighs two layers, with the Concat where it joins only these, against one layer, with the Split
 * where no Concat joins its parts again.
 */
const weighPadding = perMatch(({ layer, host }: PaddedMatch, facts: Facts): Refusal | string => {
  const [inner, outer] = [readLayer(layer), readLayer(host!.node)] as [Layer, Layer];
  const bytes = elementBytes(parameterOf(layer.input(1))!.type as FloatType);
  const outputs = [layer, host!.node].map((node) => node.output(0));
  const concat = onlyConcat(outputs);
  const channels = inner.geometry.outputChannels + outer.geometry.outputChannels;
  const merged = { ...outer.geometry, outputChannels: channels };
  const copies = ({ output }: Positions) => copyWork(output * channels, bytes);
  const joins = concat?.inputs.length === outputs.length;
  return weigh(
    {
      before: (at) =>
        sumWork(
          layerWork(inner.geometry, at, bytes),
          layerWork(outer.geometry, at, bytes),
          ...(joins ? [copies(at)] : []),
        ),
      after: (at) =>
        sumWork(layerWork(merged, at, bytes), ...(concat === undefined ? [copies(at)] : [])),
    },
    positionsOf(layer, facts),
  );
});

export const mergePaddedSiblingConvs = defineRule<PaddedMatch>({
  name: 'merge-padded-sibling-convs',
  level: 'extended',
  deepestFirst: true,
  doc: 'Conv(x, W1), Conv(x, W2) = Split(Conv(x, [W1; W2 among zeros]), axis 1), for a smaller W2, where that pays',
  roots: ['Conv'],
  match(conv, facts) {
    const index = siblingIndex(conv, facts, SIBLING_CONVS);
    if (index === undefined) return undefined;
    // Layers that are alike would have been merged by merge-sibling-convs, so one of each kind is
    // enough.
    const others = index.likenesses > MANY ? [] : [...index.unlike(conv, facts)];
    const host = hostOf(conv, others);
    const match = { ...alone(conv), host, other: others[0] };
    if (host === undefined) return match;
    return { ...match, adds: addedBytes(partsOf(conv, host), () => undefined) };
  },
  conditions: [...SIBLING_CONV_GUARDS, fittingSibling, paddingPaysOff],
  rewrite(match, edit, facts) {
    const [parts, { node }] = [partsOf(match.layer, match.host!), match.host!];
    const detail = weighPadding(match, facts) as string;
    return rewriteSiblings({ parts, like: node, axis: 1, detail }, edit);
  },
  example: {
    before:
      'x: input float[1, 4, 1, 1]\ny = Conv<pads = [1, 1, 1, 1]>(x, W1)\n' +
      'W2: float[4, 4, 1, 1]\nz = Conv(x, W2)\nc = Concat<axis = 1>(y, z)',
    after:
      'y_merged = Conv<pads = [1, 1, 1, 1]>(x, W1_merged)\n' +
      'y, z = Split<axis = 1>(y_merged, y_split)\nc = Concat<axis = 1>(y, z)',
  },
});
