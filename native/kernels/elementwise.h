// The contract of element-wise arithmetic: rows of y = clamp(f(x, other)).
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace convfuse {

// The order is that of lib/backend/elementwise.ts.
enum class ElementwiseFunction : int32_t {
  kCopy = 0,   // x: for the clamp alone
  kAdd,        // x + other
  kSub,        // x - other
  kMul,        // x * other
  kDiv,        // x / other
  kMax,        // the larger; NaN where either is
  kMin,        // the smaller; NaN where either is
  kPrelu,      // other * x below 0, else x
  kNormalise,  // (x - other[0]) * other[1] + other[2]: see `plane`
  kCount
};

// How an operand advances along a row.
enum class Advance : int32_t {
  kElement = 0,  // from element to element
  kNone,         // not at all: one number for the whole row
  kLanes,        // over one vector again and again: a number for each channel of a block
  kCount
};

struct ElementwiseOperand {
  const float* data;  // of the first row
  const float* end;   // nothing is read from here on; a vector of kLanes is filled up with zeros
  size_t row;         // floats from row to row
  Advance advance;
};

// y may be x or other where both go from element to element in rows as far apart.
struct ElementwiseRows {
  ElementwiseFunction function;
  ElementwiseOperand x;
  ElementwiseOperand other;  // not read by kCopy
  size_t plane;              // of kNormalise: floats from centres to scales, and on to shifts
  float* y;
  size_t y_row;
  size_t rows, length;
  float low, high;  // NaN passes
};

}  // namespace convfuse
