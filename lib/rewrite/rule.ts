import type { Backend } from '../backend/backend.js';
import type { Editor } from '../ir/editor.js';
import type { Node } from '../ir/node.js';
import type { Room } from '../ir/room.js';
import type { Value } from '../ir/value.js';

/** Why a site was left alone. The list is closed and stable: scripts may switch on it. */
export type Reason =
  | 'multi-consumer' // a value that would vanish has other readers, at any depth
  | 'graph-output' // a value that would vanish is an output of the model
  | 'training-mode' // batch norm that updates or uses batch statistics
  | 'extra-outputs' // a node has optional outputs that are named
  | 'not-constant' // a parameter is computed or fed at run time
  | 'overridable-input' // a parameter is an initializer that a caller may override
  | 'dtype' // mixed or unsupported element types
  | 'shape' // shapes do not fit the formula
  | 'padding' // a shift before padded convolution would differ at the border
  | 'broadcast' // a constant does not broadcast per channel
  | 'non-finite' // parameters or folded values are not finite, or variance + epsilon <= 0
  | 'precision-loss' // underflow would lose weights that matter
  | 'opset' // an operator version outside the known ones, or spatial = 0
  | 'attribute' // an attribute that the formula does not cover
  | 'quantized' // quantisation stands between the nodes or in the weights
  | 'custom-op' // a custom domain or a model-local function gives the name another meaning
  | 'pinned' // training_info, annotations or device configurations name it
  | 'cost' // the cost model says that it would not pay
  | 'growth' // the file would grow beyond the limit
  | 'pattern'; // no producer that it could fold into

export interface Refusal {
  readonly reason: Reason;
  /** One sentence for people: which node or value, and what about it. */
  readonly detail: string;
}

/** What every match has. Shared conditions read these; a rule adds what it needs. */
export interface Match {
  /** Nodes that the rule changes or removes. */
  readonly nodes: readonly Node[];
  /** The node that stays and takes the others in. */
  readonly into: Node;
  /** Intermediate values that vanish: nothing else may read them. */
  readonly vanishing: readonly Value[];
  /** Inputs that must be constants for the formula to hold. */
  readonly parameters: readonly Value[];
  /**
   * Bytes of the constants that the rewrite makes, less those of parameters that nothing else
   * reads. Default: those of the parameters of `into` that others read too, as it takes copies.
   */
  readonly adds?: number;
}

/** What rules may ask for beyond the graph itself. */
export interface Facts {
  /** Dimensions where they are known: declared, implied by weights, or inferred. */
  dims(value: Value): readonly (number | undefined)[] | undefined;
  /** Does diag(s) . W; chosen once by the caller of the rewriter. */
  readonly backend: Backend;
  /** For elements that are looked at once. */
  readonly room: Room;
}

/** A named guard. It returns why the site must stay, or undefined. */
export interface Condition<M extends Match = Match> {
  readonly name: string;
  readonly doc: string;
  check(match: M, facts: Facts): Refusal | undefined;
}

/** The result of checking one fused site against the oracle. */
export interface SiteCheck {
  /** Largest difference found, as a fraction of its bound: at most 1 passes. */
  readonly error: number;
  /** The bound at that place, in absolute terms. */
  readonly bound: number;
  readonly samples: number;
}

/** What a rewrite did. */
export interface Rewritten {
  readonly into: Node;
  /** Nodes besides the root that it took away: batch norms among them get a verdict of their own. */
  readonly taken?: readonly Node[];
  /** Says more about the site, for reports: underflow accepted, dead channels ... */
  readonly detail?: string;
  /**
   * Compares both sides of the formula in double, from the stored (rounded) constants. It is
   * called later, after all rewriting, so it holds on to constants and geometry, never to nodes.
   *
   * @param seed of the random inputs
   */
  readonly check?: (seed: number) => SiteCheck;
}

export function isRefusal(result: Rewritten | Refusal): result is Refusal {
  return 'reason' in result;
}

/** basic: exact folds. extended: sibling and branch merges, which change the graph's shape. */
export type Level = 'basic' | 'extended';

/** portable: standard operators alone. ort: those of onnxruntime too. */
export type Target = 'portable' | 'ort';

/** One rewrite, as data: the rewriter, the documentation, the tests and the CLI all read it. */
export interface Rule<M extends Match = Match> {
  readonly name: string;
  readonly level: Level;
  /** ort: what it makes is an operator of onnxruntime, and not of ONNX. Default: portable. */
  readonly target?: Target;
  /** Only where a user asks for it: this option of fuseModel, or the rule by its name in `only`. */
  readonly optIn?: 'quantized';
  /**
   * It looks at the nodes furthest from the model's inputs first: for merges, after which what reads
   * a value may fold into what makes it, and so become a reader of another value. By then all such
   * readers have come. Default: in the order of the file.
   */
  readonly deepestFirst?: true;
  /** The formula, in one line. */
  readonly doc: string;
  /** Operators a match can start at: the node whose verdict the site reports. */
  readonly roots: readonly string[];
  /** Structure only. undefined: not this rule's business, and nothing is reported. */
  match(root: Node, facts: Facts): M | undefined;
  readonly conditions: readonly Condition<M>[];
  /** Does the fold first, and edits only if it succeeded. */
  rewrite(match: M, edit: Editor, facts: Facts): Rewritten | Refusal;
  /** In the text form of ir/text.ts; run by the tests, shown in docs/rules.md. */
  readonly example: { readonly before: string; readonly after: string };
}

/** Types a rule and erases its match, so that a table can hold rules of every kind. */
export function defineRule<M extends Match>(rule: Rule<M>): Rule {
  return rule as unknown as Rule;
}
