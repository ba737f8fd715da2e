import type { Attribute } from './attributes.js';
import type { Graph } from './graph.js';

/** A model-local function (ONNX IR 8): an operator defined by a graph. */
export interface ModelFunction {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly body: Graph;
  /** Default values of its attributes, by name, for calls that do not give them. */
  readonly defaults?: ReadonlyMap<string, Attribute> | undefined;
}

/** A whole ONNX model. Made by the reader, changed only by the editor. */
export class Model {
  readonly irVersion: number;
  /** Opset versions by domain. '' is the default domain, even where the file says 'ai.onnx'. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  /** Operator sets imported by edits, which the file does not list yet. */
  readonly imports = new Map<string, number>();
  /** Set once by the reader. */
  graph!: Graph;
  readonly functions: ModelFunction[] = [];
  /** Every name used in any scope, so that new names never collide. */
  readonly names = new Set<string>();
  /** True once the editor changed anything: an unchanged model is written as its own bytes. */
  changed = false;
  /** Counts edits. Results derived from a revision are valid until the next one. */
  revision = 0;
  /**
   * Whether initializers that are also graph inputs count as constants. Below IR 4 the format says
   * so; from IR 4 on the user must, and such initializers then leave the inputs on saving.
   */
  constantInitializers = false;
  /**
   * Says what in the file is of a later ONNX version than this library knows. Such a model can be
   * inspected and written back, but nothing should rewrite or run it, since its meaning may differ.
   */
  unknownVersion: string | undefined;
  /** Oddities of the file that are not errors, as text for users. */
  readonly warnings: string[] = [];
  /** State of the writer: the source bytes and where they came from. */
  origin: unknown;

  readonly #functionIds = new Set<string>();

  constructor(irVersion: number, opsets: ReadonlyMap<string, number>, producer = '') {
    this.irVersion = irVersion;
    this.opsets = opsets;
    this.producer = producer;
  }

  markChanged(): void {
    this.changed = true;
    this.revision += 1;
  }

  addFunction(fn: ModelFunction): void {
    this.functions.push(fn);
    this.#functionIds.add(functionId(fn.domain, fn.name, fn.overload));
  }

  /** Whether a model-local function replaces this operator. */
  definesFunction(domain: string, name: string, overload = ''): boolean {
    return this.#functionIds.size > 0 && this.#functionIds.has(functionId(domain, name, overload));
  }

  /** Every graph of the model: main, functions, and all bodies in them. */
  *graphs(): Generator<Graph> {
    yield* this.graph.withBodies();
    for (const fn of this.functions) yield* fn.body.withBodies();
  }
}

function functionId(domain: string, name: string, overload: string): string {
  return `${domain}\0${name}\0${overload}`;
}
