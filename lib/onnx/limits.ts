// The largest sizes accepted from a file, each with its reason. A file within them is read in
// time and memory linear in its size.

/** Protobuf's own limit: no message, and so no ONNX file, may pass 2 GiB. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Messages in messages. The limit of the C++ and Java libraries, which every tool obeys. */
export const MAX_DEPTH = 100;

/**
 * Messages in a file, of any kind. The largest exports known (unrolled transformers) have about
 * a million, with a few hundred bytes each; a file of nothing but two-byte messages would
 * otherwise cost minutes.
 */
export const MAX_MESSAGES = 20_000_000;

/** Nodes in a file: ten times the largest exports known. A node takes about 1 KiB in memory. */
export const MAX_NODES = 1_000_000;

/** Initializers, inputs and other named values: ten times the largest exports known. */
export const MAX_VALUES = 2_000_000;

/** Attributes of one node: the operator with the most (LSTM and its kin) has about ten. */
export const MAX_ATTRIBUTES = 1000;

/** Inputs, or outputs, of one node: a Concat or Sum of everything has thousands. */
export const MAX_OPERANDS = 100_000;

/** Dimensions of a tensor. NumPy, whose arrays most files come from, stops at 64. */
export const MAX_RANK = 64;

/** Function calls in function calls. Protobuf's depth limit, for want of one in the format. */
export const MAX_CALL_DEPTH = 100;

/** Numbers in one attribute: a Constant's value_floats is the only large one, and is small. */
export const MAX_ATTRIBUTE_NUMBERS = 2 ** 24;

/** Sizes in attributes: beyond, an output could not be addressed by any runtime. */
export const MAX_SIZE = 2 ** 31 - 1;

/**
 * How many times over the tensors of a model may use the bytes of a data file. Shared weights
 * use them twice or so; without a limit a small file could ask for any amount of memory.
 */
export const MAX_EXTERNAL_REUSE = 4;

/** The highest IR version and default-domain opset this version knows (ONNX 1.21). */
export const KNOWN_IR_VERSION = 13;
export const KNOWN_OPSET = 26;
