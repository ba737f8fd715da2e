/** Every code a {@link ConvfuseError} can carry. The list is closed: scripts may switch on it. */
export type ErrorCode =
  /** A wrong argument of a public function: type, shape, range or combination. */
  | 'ERR_ARGUMENT'
  /** The bytes are not a well-formed ONNX protobuf message. */
  | 'ERR_PARSE'
  /** Messages are nested deeper than the parser follows. */
  | 'ERR_DEPTH'
  /** The file is well formed but breaks a rule of the ONNX format. */
  | 'ERR_MODEL'
  /** A tensor's data does not fit its type and dimensions. */
  | 'ERR_TENSOR'
  /** An external data location leaves the model's folder, or is not a plain file. */
  | 'ERR_EXTERNAL_PATH'
  /** External data is missing, short, changed while read, or has a bad offset or length. */
  | 'ERR_EXTERNAL_DATA'
  /** A named size limit was exceeded. */
  | 'ERR_LIMIT'
  /** The file uses an IR version or operator set newer than the ones known here. */
  | 'ERR_VERSION'
  /** The operating system refused a read or a write. The cause has its errno code. */
  | 'ERR_IO'
  /** The output exists already, or is not a place that can be written to safely. */
  | 'ERR_OUTPUT'
  /** A fold would divide by zero or give values that are not finite. */
  | 'ERR_NON_FINITE'
  /** A fold would lose weights to underflow. */
  | 'ERR_PRECISION_LOSS'
  /** The fused result differs from the original by more than the bound. */
  | 'ERR_VERIFICATION'
  /** A value, type or operator that this version does not handle. */
  | 'ERR_UNSUPPORTED'
  /** The native addon was demanded but did not load, or lacks the ISA asked for. */
  | 'ERR_NATIVE_LOAD'
  /** The native side ran out of memory. */
  | 'ERR_MEMORY'
  /** A layer or session was used after dispose(). */
  | 'ERR_DISPOSED'
  /** A defect of convfuse itself: please report it. */
  | 'ERR_INTERNAL';

/** The one error class of this library. */
export class ConvfuseError extends Error {
  override readonly name = 'ConvfuseError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The message of a wrong argument, in the one form used everywhere:
 * "expected X for name, received Y".
 */
export function argumentError(expected: string, name: string, received: unknown): ConvfuseError {
  return new ConvfuseError(
    'ERR_ARGUMENT',
    `expected ${expected} for ${name}, received ${describe(received)}`,
  );
}

/** Checks a value from JavaScript, which has no types. @throws ConvfuseError ERR_ARGUMENT */
export function checkObject(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null) throw argumentError('an object', name, value);
}

/** A short description of a value for error messages, never its whole content. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    const head = value.slice(0, 8).map((item) => describe(item));
    return `[${head.join(', ')}${value.length > 8 ? ', ...' : ''}]`;
  }
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  const length = ArrayBuffer.isView(value) && 'length' in value ? ` of ${value.length}` : '';
  return `${typeof name === 'string' ? name : 'object'}${length}`;
}
