// W. J. Cody, Rational Chebyshev Approximations for the Error Function, Mathematics of
// Computation 23 (1969), 631-637, with the coefficients of his CALERF (netlib, specfun): three
// intervals, each good to about 1e-17 before rounding.

/** erf(x) = x * P(x^2) / Q(x^2) up to here; beyond, erfc(x) is approximated. */
const NEAR = 0.46875;
const MIDDLE = 4;
const INVERSE_SQRT_PI = 0.5641895835477563;

// Highest power first.
const NEAR_P = [
  0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694,
];
const NEAR_Q = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const MIDDLE_P = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163,
  298.6351381974001, 881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
];
const MIDDLE_Q = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903,
  3290.7992357334597, 4362.619090143247, 3439.3676741437216, 1230.3393548037495,
];
const FAR_P = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926,
  0.016083785148742275, 0.0006587491615298378,
];
const FAR_Q = [
  1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132,
  0.0023352049762686918,
];

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) sum = sum * x + coefficients[i]!;
  return sum;
}

/** exp(-x^2): the square is split, so that its rounding error is not magnified by exp. */
function expMinusSquare(x: number): number {
  const head = Math.trunc(x * 16) / 16;
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
}

/** erfc of x > NEAR. */
function erfcBeyond(x: number): number {
  if (x <= MIDDLE) {
    return (expMinusSquare(x) * polynomial(MIDDLE_P, x)) / polynomial(MIDDLE_Q, x);
  }
  if (x > 27) return 0; // below the least subnormal
  const z = 1 / (x * x);
  const tail = (z * polynomial(FAR_P, z)) / polynomial(FAR_Q, z);
  return (expMinusSquare(x) * (INVERSE_SQRT_PI - tail)) / x;
}

function erfNear(x: number): number {
  return (x * polynomial(NEAR_P, x * x)) / polynomial(NEAR_Q, x * x);
}

/** The error function, to about 1e-15 relative. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude > NEAR)) return erfNear(x);
  const value = 1 - erfcBeyond(magnitude);
  return x < 0 ? -value : value;
}

/** 1 - erf(x), without the cancellation for large x. */
export function erfc(x: number): number {
  if (x > NEAR) return erfcBeyond(x);
  return x < -NEAR ? 2 - erfcBeyond(-x) : 1 - erfNear(x);
}
