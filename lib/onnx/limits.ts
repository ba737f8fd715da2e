// The largest sizes accepted from a file, with reasons. A file within the limits is read in time
// and memory linear in its size.

/** Protobuf's own limit: no message, and so no ONNX file, may pass 2 GiB. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Nesting of messages: the limit of the C++ and Java libraries, so every tool observes it. */
export const MAX_DEPTH = 100;

/**
 * Messages in a file, of any kind. The largest exports known (unrolled transformers) have about a
 * million of a few hundred bytes each. Without a limit, a file of two-byte messages could cost
 * minutes.
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

/** Nesting of function calls. The format has no limit, so this is protobuf's for messages. */
export const MAX_CALL_DEPTH = 100;

/** Numbers in one attribute: a Constant's value_floats is the only large one, and is small. */
export const MAX_ATTRIBUTE_NUMBERS = 2 ** 24;

/** Sizes in attributes: with larger ones no runtime could address the output. */
export const MAX_SIZE = 2 ** 31 - 1;

/**
 * The most bytes that the tensors of a model may take from a data file, as a multiple of its size.
 * Shared weights take it about twice; without a limit a small file could demand any amount of
 * memory.
 */
export const MAX_EXTERNAL_REUSE = 4;

/** The highest IR version and default-domain opset this version knows (ONNX 1.21). */
export const KNOWN_IR_VERSION = 13;
export const KNOWN_OPSET = 26;
