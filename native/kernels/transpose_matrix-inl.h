// Matrices transposed in square blocks of vectors.  Contract in transpose.h.
#pragma once
#include "kernels/transpose-inl.h"
#include "kernels/transpose.h"

namespace convfuse::CONVFUSE_ISA {
namespace {

void TransposeMatrixOf(const TransposeMatrix& t) {
  const size_t rows = t.rows / kLanes * kLanes, columns = t.columns / kLanes * kLanes;
  const auto one = [&](size_t r, size_t c) { t.y[c * t.y_row + r] = t.x[r * t.x_row + c]; };
  for (size_t c = 0; c < columns; c += kLanes)
    for (size_t r = 0; r < rows; r += kLanes) {
      V block[kLanes];
      for (size_t i = 0; i < kLanes; ++i) block[i] = Load(t.x + (r + i) * t.x_row + c);
      Transpose(block);
      for (size_t i = 0; i < kLanes; ++i) Store(t.y + (c + i) * t.y_row + r, block[i]);
    }
  for (size_t c = 0; c < columns; ++c)
    for (size_t r = rows; r < t.rows; ++r) one(r, c);
  for (size_t c = columns; c < t.columns; ++c)
    for (size_t r = 0; r < t.rows; ++r) one(r, c);
}

}  // namespace
}  // namespace convfuse::CONVFUSE_ISA
