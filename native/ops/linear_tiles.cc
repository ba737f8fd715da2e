#include "ops/linear_tiles.h"

#include <string.h>

#include <algorithm>
#include <limits>

#include "ops/conv_blocked.h"
#include "ops/gemm.h"
#include "ops/integers.h"

namespace convfuse {
namespace {

// Columns whose activation is computed together: with kBlockRows another quarter of that L2.
constexpr size_t kActivatedColumns = 256;
// Rows that begin 4 KB apart, or a multiple of it, share the sets of an L1, which hold 8 lines.
constexpr size_t kSetFloats = 1024;
constexpr size_t kSetRows = 8;
// The first tile of a block has to wait for its weights: it fetches them so many floats ahead, into
// the next page, which the CPU's own prefetcher does not enter.  The others fetch a part of the
// next block each.
constexpr size_t kAhead = 1024;
constexpr size_t kMostWidth = kSliceVectors * 16;

alignas(64) constexpr float kZeros[kMostWidth] = {};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

LinearTiles::LinearTiles(const KernelTable& table, size_t n, size_t k,
                         const Activation& activation)
    : table_(table), n_(n), k_(k), width_(table.direct_channels), slices_(CeilDiv(n, width_)),
      activation_(activation), epilogue_(activation) {
  if (activation_.slopes > 0) slope_ = activation_.slope[0];
  activation_.slope = &slope_;
  products_.reserve(std::min(k, kBlockK));
  for (size_t i = 0; i < std::min(k, kBlockK); ++i)
    products_.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(i * width_)});
  const size_t most = *std::max_element(table_.blocked_pixels + 1,
                                        table_.blocked_pixels + kSliceVectors + 1);
  for (size_t i = 0; i < most; ++i) {
    a_at_.push_back(static_cast<uint32_t>(i * k));
    out_at_.push_back(static_cast<uint32_t>(i * n));
    sums_at_.push_back(static_cast<uint32_t>(i * width_));
  }
}

size_t LinearTiles::ScratchFloats(size_t rows, bool packed) const {
  return RoundUp((rows + (packed ? 0 : std::min(k_, kBlockK))) * width_, kLineFloats);
}

void LinearTiles::Pack(const float* b, bool trans_b, size_t slice, size_t k, size_t count,
                       float* out) const {
  const size_t col = slice * width_, cols = std::min(width_, n_ - col);
  if (trans_b) return table_.pack_rows(b + col * k_ + k, k_, count, cols, width_, out);
  const float* from = b + k * n_ + col;
  constexpr size_t kRun = 8;  // a call for each row would take longer than what it copies
  for (size_t i = 0; i < count; ++i, from += n_, out += width_) {
    size_t j = 0;
    for (; j + kRun <= cols; j += kRun) memcpy(out + j, from + j, kRun * sizeof(float));
    for (; j < cols; ++j) out[j] = from[j];
    for (; j < width_; ++j) out[j] = 0;
  }
}

void LinearTiles::Run(const Part& part, float* scratch) const {
  for (size_t slice = part.slice, done = slice; slice < part.end;) {
    MultiplySlice(part, slice++, scratch);
    const bool activates = slice == part.end || (slice - done) * width_ >= kActivatedColumns;
    if (!epilogue_.rows || !activates) continue;
    const size_t col = done * width_, cols = std::min(n_, slice * width_) - col;
    for (size_t r = 0; r < part.rows; ++r)
      table_.activate_row(activation_, 0, cols, part.out + r * n_ + col);
    done = slice;
  }
}

void LinearTiles::Finish(const float* sums, const float* residual, size_t cols,
                         float* out) const {
  if (!residual) {
    std::copy_n(sums, cols, out);
    return;
  }
  for (size_t i = 0; i < cols; ++i) {
    const float sum = sums[i] + residual[i];
    const float raised = sum < epilogue_.low ? epilogue_.low : sum;  // NaN stays
    out[i] = raised > epilogue_.high ? epilogue_.high : raised;
  }
}

void LinearTiles::MultiplySlice(const Part& part, size_t slice, float* scratch) const {
  const size_t col = slice * width_, cols = std::min(width_, n_ - col);
  const bool whole = cols % table_.lanes == 0;
  const size_t lines = std::max<size_t>(1, width_ / kLineFloats);
  float* const sums = scratch + (part.packed ? 0 : std::min(k_, kBlockK) * width_);
  BlockedTile tile = {};
  tile.product = products_.data();
  tile.x_at = a_at_.data();
  tile.step = k_;
  tile.vectors = CeilDiv(cols, table_.lanes);
  tile.out_at = (whole ? out_at_ : sums_at_).data();
  tile.out_block = table_.lanes;
  tile.bias = part.bias ? part.bias + col : kZeros;
  // The tile cannot add the residual where the last slice ends inside a vector: rows are too short.
  const bool adds_here = part.residual && !whole;
  tile.low = adds_here ? -kInfinity : epilogue_.low;
  tile.high = adds_here ? kInfinity : epilogue_.high;
  tile.residual_at = out_at_.data();
  tile.residual_block = table_.lanes;
  size_t most = table_.blocked_pixels[tile.vectors];
  if (k_ % kSetFloats == 0) most = std::min(most, kSetRows);
  const size_t tiles = CeilDiv(part.rows, most);
  for (size_t k = 0; k < k_; k += tile.k) {
    tile.k = std::min(kBlockK, k_ - k);
    tile.grouped = tile.k / table_.grouped_products * table_.grouped_products;
    tile.add = k > 0;
    if (part.packed) {
      tile.weight = part.packed + (slice * k_ + k) * width_;
    } else {
      Pack(part.b, part.trans_b, slice, k, tile.k, scratch);
      tile.weight = scratch;
    }
    const bool last = k + tile.k == k_;
    for (size_t t = 0, row = 0; t < tiles; ++t, row += tile.run) {
      tile.run = EvenCut(part.rows, t + 1, tiles) - row;
      tile.x = part.a + row * k_ + k;
      tile.ahead = tile.weight + (t == 0 ? kAhead : tile.k * width_ + t % lines * kLineFloats);
      tile.sums = sums + row * width_;
      float* out = part.out + row * n_ + col;
      const float* residual = part.residual ? part.residual + row * n_ + col : nullptr;
      if (last) tile.out = whole ? out : tile.sums;
      if (whole) tile.residual = residual;
      table_.blocked_tile(tile);
      for (size_t r = 0; last && !whole && r < tile.run; ++r)
        Finish(tile.sums + r * width_, residual ? residual + r * n_ : nullptr, cols, out + r * n_);
    }
  }
}

}  // namespace convfuse
