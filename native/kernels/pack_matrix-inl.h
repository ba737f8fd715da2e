// Panels of plain matrices, and products of rows that need none.
#pragma once
#include "kernels/gemm_tile-inl.h"
#include "kernels/transpose-inl.h"

namespace convfuse::CONVFUSE_ISA {

// A panel of B columns of a plain matrix: out[k][kNr] from row-major b[k][n] (row stride ldb).
static void PackColumns(const float* b, size_t ldb, size_t k, size_t cols, float* out) {
  for (size_t i = 0; i < k; ++i, b += ldb, out += kNr)
    for (size_t j = 0; j < cols; j += kLanes)
      Store(out + j, cols - j < kLanes ? LoadN(b + j, cols - j) : Load(b + j));
}

// The same with its operand transposed, for panels of any width: out[k][width] from src[cols][k]
// (row stride ld); lanes past `cols` are zeros.
static void PackRows(const float* src, size_t ld, size_t k, size_t cols, size_t width,
                     float* out) {
  for (size_t j = 0; j < width; j += kLanes) {
    const size_t lanes = width - j < kLanes ? width - j : kLanes;
    for (size_t i = 0; i < k; i += kLanes) {
      const size_t some = k - i < kLanes ? k - i : kLanes;
      V block[kLanes];
#pragma GCC unroll 16
      for (size_t l = 0; l < kLanes; ++l)
        block[l] = j + l < cols ? LoadN(src + (j + l) * ld + i, some) : V{};
      Transpose(block);
      for (size_t l = 0; l < some; ++l) StoreN(out + (i + l) * width + j, block[l], lanes);
    }
  }
}

// How many floats ahead rows are fetched: into the next page, which the CPU's own prefetcher does
// not enter.
constexpr size_t kDotAhead = 1024;

// Dot products of x with `count` rows, each in four chains of vectors.  The rows are read once,
// from memory.
static void DotRows(const float* x, const float* rows, size_t ld, size_t k, size_t count,
                    float* out) {
  constexpr size_t kChains = 4, kStep = kChains * kLanes;
  for (size_t r = 0; r < count; ++r, rows += ld) {
    V acc[kChains] = {};
    size_t i = 0;
    for (; i + kStep <= k; i += kStep) {
#pragma GCC unroll 4
      for (size_t line = 0; line < kStep; line += 16)
        __builtin_prefetch(rows + i + kDotAhead + line, 0, 3);
#pragma GCC unroll 4
      for (size_t c = 0; c < kChains; ++c)
        acc[c] += Load(x + i + c * kLanes) * Load(rows + i + c * kLanes);
    }
    for (size_t c = 0; i < k; i += kLanes, ++c) {
      const size_t some = k - i < kLanes ? k - i : kLanes;
      acc[c] += LoadN(x + i, some) * LoadN(rows + i, some);
    }
    const V sum = (acc[0] + acc[1]) + (acc[2] + acc[3]);
    float lanes[kLanes];
    Store(lanes, sum);
#pragma GCC unroll 4
    for (size_t half = kLanes / 2; half > 0; half /= 2)
      for (size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
    out[r] = lanes[0];
  }
}

}  // namespace convfuse::CONVFUSE_ISA
