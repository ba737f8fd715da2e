#include "ops/linear.h"

#include <algorithm>
#include <limits>

#include "ops/conv_blocked.h"
#include "ops/gemm.h"
#include "ops/integers.h"

namespace convfuse {
namespace {

// Rows of a per task: with kBlockK, 128 KB, a quarter of a 512 KB L2.
constexpr size_t kBlockRows = 128;
// Columns whose activation is computed together: with kBlockRows another quarter.
constexpr size_t kActivatedColumns = 256;
// Rows that begin 4 KB apart, or a multiple of it, share the sets of an L1, which hold 8 lines.
constexpr size_t kSetFloats = 1024;
constexpr size_t kSetRows = 8;
// Weights that the first tile has to wait for are fetched from the next page on, which a CPU does not
// reach by itself; the others bring a part of the next block each.
constexpr size_t kAhead = 1024;

}  // namespace

// Some rows of one run, and some slices of their columns.
struct Linear::Part {
  const float* a;
  const float* residual;  // or null
  float* out;
  size_t rows, slice, end;
};

Linear::Linear(const float* b, size_t n, size_t k, bool trans_b, const float* bias,
               const LinearOptions& options)
    : table_(*options.table), n_(n), k_(k), width_(table_.direct_channels),
      slices_(CeilDiv(n, width_)), b_(slices_ * k * width_), bias_(slices_ * width_),
      activation_(options.activation), epilogue_(options.activation),
      workspaces_(options.workspaces) {
  if (activation_.slopes > 0) slope_ = activation_.slope[0];
  activation_.slope = &slope_;
  std::fill_n(bias_.data(), slices_ * width_, 0.0f);
  if (bias) std::copy_n(bias, n, bias_.data());
  for (size_t slice = 0; slice < slices_; ++slice) {
    const size_t col = slice * width_, cols = std::min(width_, n - col);
    float* out = b_.data() + slice * k * width_;
    if (trans_b) {
      table_.pack_rows(b + col * k, k, k, cols, width_, out);
      continue;
    }
    for (size_t i = 0; i < k; ++i, out += width_)
      std::fill(std::copy_n(b + i * n + col, cols, out), out + width_, 0.0f);
  }
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

void Linear::Run(const float* a, size_t m, const float* residual, float* out, ThreadPool& pool,
                 size_t threads) const {
  if (m == 0) return;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  // Columns are cut first: rows that are cut read all of b again.
  const size_t wanted = threads > 1 ? 4 * threads : 1;
  size_t row_blocks = CeilDiv(m, kBlockRows);
  const size_t cuts = std::min(slices_, CeilDiv(wanted, row_blocks));
  const size_t tiles = CeilDiv(m, table_.blocked_pixels[kSliceVectors]);
  row_blocks = std::max(row_blocks, std::min(tiles, CeilDiv(wanted, cuts)));
  const size_t slot = RoundUp(CeilDiv(m, row_blocks) * width_, kLineFloats);
  const WorkspacePool::Lease sums(*workspaces_, threads * slot);
  pool.ParallelFor(row_blocks * cuts, threads, [&](size_t task, size_t thread) {
    const size_t block = task / cuts, cut = task % cuts;
    const size_t row = EvenCut(m, block, row_blocks), end = EvenCut(m, block + 1, row_blocks);
    const Part part = {a + row * k_,
                       residual ? residual + row * n_ : nullptr,
                       out + row * n_,
                       end - row,
                       EvenCut(slices_, cut, cuts),
                       EvenCut(slices_, cut + 1, cuts)};
    RunPart(part, sums.data() + thread * slot);
  });
}

void Linear::RunPart(const Part& part, float* sums) const {
  for (size_t slice = part.slice, done = slice; slice < part.end;) {
    MultiplySlice(part, slice++, sums);
    const bool activates = slice == part.end || (slice - done) * width_ >= kActivatedColumns;
    if (!epilogue_.rows || !activates) continue;
    const size_t col = done * width_, cols = std::min(n_, slice * width_) - col;
    for (size_t r = 0; r < part.rows; ++r)
      table_.activate_row(activation_, 0, cols, part.out + r * n_ + col);
    done = slice;
  }
}

void Linear::Finish(const float* sums, const float* residual, size_t cols, float* out) const {
  std::copy_n(sums, cols, out);
  for (size_t i = 0; residual && i < cols; ++i) {
    const float sum = out[i] + residual[i], raised = sum < epilogue_.low ? epilogue_.low : sum;
    out[i] = raised > epilogue_.high ? epilogue_.high : raised;
  }
}

void Linear::MultiplySlice(const Part& part, size_t slice, float* sums) const {
  const size_t col = slice * width_, cols = std::min(width_, n_ - col);
  const bool whole = cols % table_.lanes == 0;
  const size_t lines = std::max<size_t>(1, width_ / kLineFloats);
  BlockedTile tile = {};
  tile.product = products_.data();
  tile.x_at = a_at_.data();
  tile.step = k_;
  tile.vectors = CeilDiv(cols, table_.lanes);
  tile.out_at = (whole ? out_at_ : sums_at_).data();
  tile.out_block = table_.lanes;
  tile.bias = bias_.data() + col;
  // Rows of a last slice that ends within a vector are too short for it to be added in the tile.
  const bool adds_here = part.residual && !whole;
  tile.low = adds_here ? -std::numeric_limits<float>::infinity() : epilogue_.low;
  tile.high = adds_here ? std::numeric_limits<float>::infinity() : epilogue_.high;
  tile.residual_at = out_at_.data();
  tile.residual_block = table_.lanes;
  size_t most = table_.blocked_pixels[tile.vectors];
  if (k_ % kSetFloats == 0) most = std::min(most, kSetRows);
  const size_t tiles = CeilDiv(part.rows, most);
  for (size_t k = 0; k < k_; k += tile.k) {
    tile.k = std::min(kBlockK, k_ - k);
    tile.add = k > 0;
    tile.weight = b_.data() + (slice * k_ + k) * width_;
    const bool last = k + tile.k == k_;
    for (size_t t = 0, row = 0; t < tiles; ++t, row += tile.run) {
      tile.run = EvenCut(part.rows, t + 1, tiles) - row;
      tile.x = part.a + row * k_ + k;
      tile.ahead = tile.weight + (t == 0 ? kAhead : tile.k * width_ + t % lines * kLineFloats);
      tile.sums = sums + row * width_;
      float* out = part.out + row * n_ + col;
      if (last) tile.out = whole ? out : tile.sums;
      if (part.residual && whole) tile.residual = part.residual + row * n_ + col;
      table_.blocked_tile(tile);
      for (size_t r = 0; last && !whole && r < tile.run; ++r)
        Finish(tile.sums + r * width_, adds_here ? part.residual + (row + r) * n_ + col : nullptr,
               cols, out + r * n_);
    }
  }
}

}  // namespace convfuse
