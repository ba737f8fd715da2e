import type { BoundLayer } from '../backend.js';
import { fromNative } from './errors.js';

/** A call of the addon that takes nothing but arrays. */
type NativeRun = (x: Float32Array, residual: Float32Array | undefined, out: Float32Array) => void;

/** A layer that calls the addon. Runs allocate no objects or closures. */
export function boundLayer(run: NativeRun): BoundLayer {
  return (x, residual, out) => {
    try {
      run(x as Float32Array, residual as Float32Array | undefined, out as Float32Array);
    } catch (error) {
      throw fromNative(error);
    }
  };
}
