// The kernels of one ISA, as function pointers, filled from the same sources for each (families.h).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "kernels/activation.h"
#include "kernels/blocked.h"
#include "kernels/depthwise.h"
#include "kernels/direct.h"
#include "kernels/elementwise.h"
#include "kernels/gemm_tile.h"
#include "kernels/normalise.h"
#include "kernels/pool.h"
#include "kernels/resample.h"
#include "kernels/softmax.h"
#include "kernels/transpose.h"
#include "kernels/winograd.h"

namespace convfuse {

// diag(s) . W on W seen as [groups, outer, rows, cols]; see kernels/fold-inl.h for the contract.
struct ScaleRowsShape {
  size_t groups, outer, rows, cols;
};

struct KernelTable {
  const char* isa;  // "baseline", "avx2", "avx512", "neon"
  size_t lanes;     // floats in a vector

  // out = round(double(w) * scale[g * rows + r]); loss and mass: groups * rows sums each.
  void (*scale_rows_f32)(ScaleRowsShape shape, const float* w, const double* scale, float* out,
                         double* loss, double* mass);
  void (*scale_rows_f64)(ScaleRowsShape shape, const double* w, const double* scale, double* out,
                         double* loss, double* mass);
  void (*scale_rows_f16)(ScaleRowsShape shape, const uint16_t* w, const double* scale,
                         uint16_t* out, double* loss, double* mass);
  void (*scale_rows_bf16)(ScaleRowsShape shape, const uint16_t* w, const double* scale,
                          uint16_t* out, double* loss, double* mass);

  // Orders stores past the caches (GemmTile::stream) before what follows.
  void (*fence)();

  // The GEMM micro-kernel and its panels: mr rows of A, nr columns of B; kernels/gemm_tile.h.
  size_t mr, nr;
  void (*gemm_tile)(const GemmTile& tile);
  // out[tap][element][nr]: columns [first, first + count) of the source, count <= nr.
  void (*pack_panel)(const PanelSource& source, const PanelRows& rows, size_t first, size_t count,
                     float* out);
  // out[k][nr] = b[k][cols] of row stride ldb, cols <= nr.
  void (*pack_columns)(const float* b, size_t ldb, size_t k, size_t cols, float* out);
  // out[k][width] = transposed src[cols][k] of row stride ld, zeros past cols.
  void (*pack_rows)(const float* src, size_t ld, size_t k, size_t cols, size_t width, float* out);
  // out[r] = sum_i x[i] * rows[r * ld + i], i < k, r < count.
  void (*dot_rows)(const float* x, const float* rows, size_t ld, size_t k, size_t count,
                   float* out);

  // The direct kernel: tiles of direct_pixels x direct_channels; kernels/direct.h.
  size_t direct_pixels, direct_channels;
  void (*direct_tile)(const DirectTile& tile);
  void (*copy_padded)(const PaddedCopy& copy);
  void (*copy_phases)(const PaddedCopy& copy);
  void (*direct_store)(const DirectStore& store);
  size_t plane_slack;  // floats that plane_row may read past a row of pixels
  void (*plane_row)(const PlaneRow& row);
  // Some of the above on pairs of bfloat16 numbers (kernels/direct.h); null where the CPU has no
  // dot product of them.
  void (*blocked_tile_bf16)(const BlockedTile& tile);
  void (*copy_padded_bf16)(const PaddedCopy& copy);
  void (*copy_pairs)(const PairCopy& copy);
  void (*gemm_tile_bf16)(const GemmTile& tile);
  void (*pack_panel_bf16)(const PanelSource& source, const PanelRows& rows, size_t first,
                          size_t count, float* out);

  // x[i] = activation(x[i]) for i < n, all of one channel.
  void (*activate_row)(const Activation& activation, size_t channel, size_t n, float* x);

  // `count` channels of one shape; neighbours may share a vector.  kernels/depthwise.h.
  void (*depthwise)(const DepthwiseShape& shape, const DepthwiseEpilogue& epilogue,
                    const DepthwiseChannel* channels, size_t count);

  // Planes pooled; kernels/pool.h.
  void (*pool)(const PoolPlanes& planes);

  // Rows of one arithmetic function; kernels/elementwise.h.
  void (*elementwise)(const ElementwiseRows& rows);

  // Rows made positive, of sum 1; kernels/softmax.h.
  void (*softmax)(const SoftmaxRows& rows);

  // Rows of mean 0 and variance 1, and sums of rows; kernels/normalise.h.
  void (*normalise)(const NormaliseRows& rows);
  void (*sum_rows)(const SumRows& rows);

  // Planes brought to another size; kernels/resample.h.
  void (*resample)(const ResamplePlanes& planes);
  void (*resample_block)(const BlockedResample& block);

  // A matrix transposed; kernels/transpose.h.
  void (*transpose)(const TransposeMatrix& matrix);

  // On blocked activations; kernels/direct.h has the tile, kernels/blocked.h the others.
  size_t blocked_pixels[kBlockedVectors + 1];  // pixels of a tile, by its vectors of channels
  bool scattered_pixels;                       // whether these pixels may lie anywhere
  size_t grouped_products;  // products of a group (BlockedTile::grouped), which fetches two lines
  void (*blocked_tile)(const BlockedTile& tile);
  void (*blocked_store)(const BlockedStore& store);
  void (*blocked_depthwise)(const BlockedDepthwise& depthwise);
  void (*blocked_dots)(const BlockedDots& dots);
  void (*blocked_pool)(const BlockedPool& pool);
  void (*blocked_sums)(const BlockedSums& sums);
  void (*to_blocked)(const Reorder& reorder);
  void (*from_blocked)(const Reorder& reorder);

  // Channels into lanes, the transforms of each WinogradKind, and the products; kernels/winograd.h.
  void (*blocked_copy)(const BlockedCopy& copy);
  void (*winograd_product)(const WinogradProduct& product);
  void (*winograd_input[static_cast<int>(WinogradKind::kCount)])(const WinogradInput& input);
  void (*winograd_output[static_cast<int>(WinogradKind::kCount)])(const WinogradOutput& output);
};

// Tables that this CPU and operating system can run, worst first, null terminated.
const KernelTable* const* SupportedKernelTables();

// The table of that name; null name: the best.  Null when unknown, or unsupported here.
const KernelTable* SelectKernelTable(const char* name);

}  // namespace convfuse
