// Element-wise arithmetic over operands that repeat along some axes, divided among threads.
#pragma once
#include "kernels/table.h"
#include "ops/parallel.h"

namespace convfuse {

// Axes outside the rows: more than any broadcast or blocked layout of networks needs.
constexpr size_t kElementwiseAxes = 4;

// Where an operand's rows begin, in floats.
struct ElementwisePlace {
  size_t offset;
  size_t stride[kElementwiseAxes];
  Advance advance;
};

// y = activation(f(x, other)), element by element.  The activation has one slope at most.
struct Elementwise {
  ElementwiseFunction function;
  Activation activation;
  size_t extent[kElementwiseAxes];  // outermost first
  size_t length;                    // of a row
  // Rows of pixels, if the result is one image in blocks: the innermost extent, or whole planes
  // that are rows here.  Else 0.
  size_t height;
  const float* x;
  size_t x_size;  // floats in it
  ElementwisePlace x_place;
  const float* other;
  size_t other_size;
  ElementwisePlace other_place;
  size_t plane;  // kernels/elementwise.h
  float* y;
  ElementwisePlace y_place;
};

// y may be x or other, if that operand advances by elements and lies in the same places as y.
// Bit-identical for any number of threads.
void RunElementwise(const KernelTable& table, const Elementwise& e, ThreadPool& pool,
                    size_t threads);

}  // namespace convfuse
