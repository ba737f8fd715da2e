// W. J. Cody, Rational Chebyshev Approximations for the Error Function, Mathematics of
// Computation 23 (1969), 631-637, with the coefficients of his CALERF (netlib, specfun): three
// intervals, each good to about 1e-17 before rounding.

/** erf(x) = x * P(x^2) / Q(x^2) up to here; beyond, erfc(x) is approximated. */
const NEAR = 0.46875;
const MIDDLE = 4;
const INVERSE_SQRT_PI = 0.56418958354775628695;

// Highest power first.
const NEAR_P = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2,
  3.20937758913846947e3,
];
const NEAR_Q = [
  1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
];
const MIDDLE_P = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
  2.98635138197400131e2, 8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3,
  1.23033935479799725e3,
];
const MIDDLE_Q = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
  3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
];
const FAR_P = [
  1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
  1.60837851487422766e-2, 6.58749161529837803e-4,
];
const FAR_Q = [
  1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
  2.33520497626869185e-3,
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
