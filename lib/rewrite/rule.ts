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

/** The fields that every match has and shared conditions read; a rule adds its own. */
export interface Match {
  /** Nodes that the rule changes or removes. */
  readonly nodes: readonly Node[];
  /** The node that stays, into which the others are folded. */
  readonly into: Node;
  /** Intermediate values that vanish: nothing else may read them. */
  readonly vanishing: readonly Value[];
  /** Inputs that must be constants for the formula to hold. */
  readonly parameters: readonly Value[];
  /**
   * Bytes of the constants that the rewrite adds, minus those of parameters that nothing else
   * reads. Default: the bytes of those parameters of `into` that other nodes read too, since they
   * are copied.
   */
  readonly adds?: number;
}

/** Facts and services beyond the graph itself that rules may use. */
export interface Facts {
  /** Dimensions where they are known: declared, implied by weights, or inferred. */
  dims(value: Value): readonly (number | undefined)[] | undefined;
  /** Computes diag(s) . W; chosen once by the caller of the rewriter. */
  readonly backend: Backend;
  /** Scratch memory for elements that are read once and not kept. */
  readonly room: Room;
}

/** A named guard. It returns the reason to leave a site alone, or undefined. */
export interface Condition<M extends Match = Match> {
  readonly name: string;
  readonly doc: string;
  check(match: M, facts: Facts): Refusal | undefined;
}

/** The result of checking one fused site against the oracle. */
export interface SiteCheck {
  /** Largest difference found, as a fraction of its bound: at most 1 passes. */
  readonly error: number;
  /** The absolute bound at the place of that difference. */
  readonly bound: number;
  readonly samples: number;
}

/** The outcome of a rewrite. */
export interface Rewritten {
  readonly into: Node;
  /** Nodes that it removed besides the root. Batch norms among them get verdicts of their own. */
  readonly taken?: readonly Node[];
  /** More about the site, for reports: accepted underflow, dead channels ... */
  readonly detail?: string;
  /**
   * Compares both sides of the formula in double, from the stored (rounded) constants. It is called
   * after all rewriting, so it may hold on to constants and geometry but not to nodes.
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

/** portable: only standard operators. ort: also those of onnxruntime. */
export type Target = 'portable' | 'ort';

/** One rewrite, as data: the rewriter, the documentation, the tests and the CLI all read it. */
export interface Rule<M extends Match = Match> {
  readonly name: string;
  readonly level: Level;
  /** ort: its result has operators of onnxruntime that ONNX lacks. Default: portable. */
  readonly target?: Target;
  /**
   * The rule applies only where the user sets this option of fuseModel(), or names it in `only`.
   */
  readonly optIn?: 'quantized';
  /**
   * Whether the rule visits the nodes furthest from the model's inputs first. Merging two readers
   * of a value may let nodes behind them fold into the result and so become readers of an earlier
   * value; in this order all readers of a value exist before they are merged. Default: the order of
   * the file.
   */
  readonly deepestFirst?: true;
  /** The formula, in one line. */
  readonly doc: string;
  /** Operators that a match can start at. The root is the node whose verdict the site reports. */
  readonly roots: readonly string[];
  /** Looks at the structure only. undefined: the rule does not apply, and nothing is reported. */
  match(root: Node, facts: Facts): M | undefined;
  readonly conditions: readonly Condition<M>[];
  /** Computes the fold first, and edits only if that succeeded. */
  rewrite(match: M, edit: Editor, facts: Facts): Rewritten | Refusal;
  /** Graphs in the text form of ir/text.ts; run by the tests, shown in docs/rules.md. */
  readonly example: { readonly before: string; readonly after: string };
}

/**
 * Checks a rule against its own match type, then erases that type so that one table can hold all
 * rules.
 */
export function defineRule<M extends Match>(rule: Rule<M>): Rule {
  return rule as unknown as Rule;
}
