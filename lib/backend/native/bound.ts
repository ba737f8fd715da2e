import type { BoundLayer } from '../backend.js';
import { fromNative } from './errors.js';

/** Of the arrays that a layer is called with. */
type NativeRun = (x: Float32Array, residual: Float32Array | undefined, out: Float32Array) => void;

/** A function of the addon as a layer. Runs of it make no object and no function. */
export function boundLayer(run: NativeRun): BoundLayer {
  return (x, residual, out) => {
    try {
      run(x as Float32Array, residual as Float32Array | undefined, out as Float32Array);
    } catch (error) {
      throw fromNative(error);
    }
  };
}
