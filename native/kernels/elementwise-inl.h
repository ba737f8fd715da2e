// Element-wise arithmetic.  Contract in elementwise.h.  An operand that does not advance is a
// vector in memory that every step loads again, so that one loop serves all kinds of Advance.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/simd.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

struct CopyOf {
  static V Of(V x, const V*) { return x; }
};
struct SumOf {
  static V Of(V x, const V* b) { return x + *b; }
};
struct DifferenceOf {
  static V Of(V x, const V* b) { return x - *b; }
};
struct ProductOf {
  static V Of(V x, const V* b) { return x * *b; }
};
struct QuotientOf {
  static V Of(V x, const V* b) { return x / *b; }
};
struct LargerOf {
  static V Of(V x, const V* b) { return Select((x > *b) | (x != x), x, *b); }
};
struct SmallerOf {
  static V Of(V x, const V* b) { return Select((x < *b) | (x != x), x, *b); }
};
struct PreluOf {
  static V Of(V x, const V* b) { return Select(x < 0.0f, x * *b, x); }
};
// The difference first: where x is close to its centre it is exact, and nothing cancels after it.
struct NormalisedOf {
  static V Of(V x, const V* b) { return (x - b[0]) * b[1] + b[2]; }
};

// The ends of rows are out of line: every function has them, and they take little of the time.
__attribute__((noinline)) V LoadEnd(const float* p, size_t n) { return LoadN(p, n); }
__attribute__((noinline)) void StoreEnd(float* p, V v, size_t n) { StoreN(p, v, n); }

// The vector that an operand of Advance::kNone or kLanes has for a whole row.
__attribute__((noinline)) V Held(const ElementwiseOperand& o, const float* at) {
  if (o.advance == Advance::kNone) return Splat(*at);
  const size_t left = static_cast<size_t>(o.end - at);
  return left < kLanes ? LoadN(at, left) : Load(at);
}

template <class Function, size_t kOperands>
void RowsOf(const ElementwiseRows& r) {
  constexpr size_t kRoom = kOperands > 0 ? kOperands : 1;
  const V low = Splat(r.low), high = Splat(r.high);
  const size_t x_step = r.x.advance == Advance::kElement ? kLanes : 0;
  const size_t b_step = r.other.advance == Advance::kElement ? kLanes : 0;
  for (size_t row = 0; row < r.rows; ++row) {
    const float* x = r.x.data + row * r.x.row;
    const float* b[kRoom];
    float* y = r.y + row * r.y_row;
    V x_held = {}, b_held[kRoom] = {}, operands[kRoom] = {};
    if (x_step == 0) x_held = Held(r.x, x), x = reinterpret_cast<const float*>(&x_held);
    for (size_t k = 0; k < kOperands; ++k) {
      b[k] = r.other.data + row * r.other.row + k * r.plane;
      if (b_step > 0) continue;
      b_held[k] = Held(r.other, b[k]);
      b[k] = reinterpret_cast<const float*>(&b_held[k]);
    }
    size_t left = r.length;
    for (; left >= kLanes; left -= kLanes, x += x_step, y += kLanes) {
      for (size_t k = 0; k < kOperands; ++k) operands[k] = Load(b[k]), b[k] += b_step;
      Store(y, AtMost(AtLeast(Function::Of(Load(x), operands), low), high));
    }
    if (left == 0) continue;
    for (size_t k = 0; k < kOperands; ++k)
      operands[k] = b_step > 0 ? LoadEnd(b[k], left) : Load(b[k]);
    const V v = Function::Of(x_step > 0 ? LoadEnd(x, left) : Load(x), operands);
    StoreEnd(y, AtMost(AtLeast(v, low), high), left);
  }
}

void ElementwiseRowsOf(const ElementwiseRows& r) {
  switch (r.function) {
    case ElementwiseFunction::kAdd: return RowsOf<SumOf, 1>(r);
    case ElementwiseFunction::kSub: return RowsOf<DifferenceOf, 1>(r);
    case ElementwiseFunction::kMul: return RowsOf<ProductOf, 1>(r);
    case ElementwiseFunction::kDiv: return RowsOf<QuotientOf, 1>(r);
    case ElementwiseFunction::kMax: return RowsOf<LargerOf, 1>(r);
    case ElementwiseFunction::kMin: return RowsOf<SmallerOf, 1>(r);
    case ElementwiseFunction::kPrelu: return RowsOf<PreluOf, 1>(r);
    case ElementwiseFunction::kNormalise: return RowsOf<NormalisedOf, 3>(r);
    case ElementwiseFunction::kCopy:
    case ElementwiseFunction::kCount: return RowsOf<CopyOf, 0>(r);
  }
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
