// The ONNX text form that rule examples and tests are written in. It follows the textual syntax
// of ONNX (onnx/defs/parser.h) for nodes, attributes and tensors, and is looser elsewhere, so
// that two lines make a model:
//
//     y = Conv<pads = [1, 1, 1, 1]>(x, W)
//     z = BatchNormalization(y, gamma, beta, mean, variance)
//
// Statements, in any order; # starts a comment:
//
//     <ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]>    (these are the defaults of
//                                                    irVersion and of the default domain)
//     [node_name] a, b = com.microsoft.Op:overload<alpha = 0.5, axes = [1, 2]>(x, "", "1.weight")
//     x: input float[N, 3, 32, 32]                   ? is a dimension that nothing is known of
//     z: output                                      a type may follow, and declares it
//     y: float16[1, 8, ?, ?]                         declares the output of a node, or makes ...
//     W: float[8, 3, 3, 3]                           ... an initializer of seeded random numbers
//     b: float[2] = {1, -0.5}                        an initializer with these elements
//     v: float[512] = fill(2)                        all elements alike
//     s: float[8] = random(7)                        another seed than the one of its name
//     W: input float[2] = {1, 2}                     an initializer that is also an input
//     W: pinned float[2]                             something outside the nodes names it
//     function local.f { y = Relu(x) }               a model-local function; may start with
//                                                    <opset_import: ["": 17]>
//
// Attributes: 1 is an int, 1.0 a float, "a" a string, float[2] {1, 2} a tensor, { y = Relu(x) } a
// graph, lists stand in brackets, @name refers to an attribute of the function, and
// `name: floats = []` states the kind where the value does not show it. Names that are not plain
// words are quoted. An omitted input is "".
//
// What a text leaves open:
//
// - Without an output statement, a graph gives the node outputs that nothing reads.
// - A name that nothing defines becomes a seeded initializer of the main graph where it stands for
//   a parameter (weight and bias of Conv, ConvTranspose, Gemm, MatMul; the four statistics of
//   BatchNormalization; slope of PRelu), an input of the main graph, or of the function, elsewhere.
//   text/defaults.ts has the shapes.
// - Seeded numbers are standard normal (uniform in [0.5, 1.5) where they are variances, small
//   whole numbers for integer types), and depend on the name, type and shape alone.

export { parseText } from './text/parse.js';
export { printNodes, printText } from './text/print.js';
export type { TextOptions } from './text/parse.js';
