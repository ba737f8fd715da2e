import type { Attribute } from './attributes.js';
import type { Graph } from './graph.js';

/** A model-local function (ONNX IR 8): an operator defined by a graph. */
export interface ModelFunction {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly body: Graph;
  /** Of its attributes, by name: what a call has that does not give them. */
  readonly defaults?: ReadonlyMap<string, Attribute> | undefined;
}

/** A whole ONNX model. Made by the reader, changed by the editor alone. */
export class Model {
  readonly irVersion: number;
  /** Opset versions by domain; '' is the default one, also where the file says 'ai.onnx'. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  /** Operator sets that an edit imported: the file does not list them yet. */
  readonly imports = new Map<string, number>();
  /** Set once by the reader. */
  graph!: Graph;
  readonly functions: ModelFunction[] = [];
  /** Every name used in any scope of the file, so that fresh names never collide. */
  readonly names = new Set<string>();
  /** True once the editor changed anything: an unchanged model is written as its own bytes. */
  changed = false;
  /** Counts edits: what was worked out for a revision holds until the next one. */
  revision = 0;
  /**
   * Treat initializers that are also graph inputs as constants. Below IR 4 they are, by the
   * format; from IR 4 on only if the user says so, and then they leave the inputs on saving.
   */
  constantInitializers = false;
  /**
   * What in the file is from a later version of ONNX than is known here. It can be looked at and
   * written back, but its meaning may have changed: nobody should rewrite or run it.
   */
  unknownVersion: string | undefined;
  /** Oddities of the file that are no errors, for people to read. */
  readonly warnings: string[] = [];
  /** What the writer needs: the source bytes and where they came from. */
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

  /** Whether a model-local function gives this operator another meaning. */
  definesFunction(domain: string, name: string, overload = ''): boolean {
    return this.#functionIds.size > 0 && this.#functionIds.has(functionId(domain, name, overload));
  }

  /** Every graph of the model: main, nested bodies, functions and their bodies. */
  *graphs(): Generator<Graph> {
    yield* this.graph.withBodies();
    for (const fn of this.functions) yield* fn.body.withBodies();
  }
}

function functionId(domain: string, name: string, overload: string): string {
  return `${domain}\0${name}\0${overload}`;
}
