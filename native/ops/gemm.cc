#include "ops/gemm.h"

#include <algorithm>
#include <limits>

#include "ops/integers.h"
#include "ops/workspace.h"

namespace convfuse {
namespace {

// As PackedWeights: sums of this many products are added up.
constexpr size_t kBlockK = 256;
// Rows of A packed per task: with kBlockK and float32, 128 KB, half of a small L2.
constexpr size_t kBlockRows = 128;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One task: a block of rows times a panel-aligned range of columns, over the whole of k.
struct Block {
  size_t row_begin, row_end, col_begin, col_end;
};

class GemmRun {
 public:
  GemmRun(const KernelTable& table, const GemmCall& call) : table_(table), call_(call) {
    rows_ = std::max(table.mr, kBlockRows / table.mr * table.mr);
    rows_ = std::min(rows_, CeilDiv(call.m, table.mr) * table.mr);
    // Products of alpha other than one are taken once, on finished sums.
    sums_ = call.alpha != 1 || (call.beta != 0 && call.beta != 1);
  }

  size_t RowBlocks() const { return CeilDiv(call_.m, rows_); }
  size_t ColumnPanels() const { return CeilDiv(call_.n, table_.nr); }
  size_t SlotFloats() const {
    const size_t k = std::min(call_.k, kBlockK);
    return RoundUp(k * (rows_ + table_.nr) + (sums_ ? rows_ * table_.nr : 0), 16);
  }

  // Rows [block of i] x panels [begin, end) of columns.
  void Run(size_t i, size_t begin, size_t end, float* scratch) const {
    const size_t row = i * rows_, rows = std::min(rows_, call_.m - row);
    for (size_t p = begin; p < end; ++p) {
      const size_t col = p * table_.nr;
      Panel(row, rows, col, std::min(table_.nr, call_.n - col), scratch);
    }
  }

 private:
  void PackA(size_t row, size_t rows, size_t k0, size_t k, float* out) const {
    for (size_t r = 0; r < rows; r += table_.mr, out += table_.mr * k) {
      const size_t count = std::min(table_.mr, rows - r);
      if (call_.trans_a) {
        const float* a = call_.a + k0 * call_.m + row + r;
        for (size_t i = 0; i < k; ++i, a += call_.m)
          for (size_t j = 0; j < table_.mr; ++j) out[i * table_.mr + j] = j < count ? a[j] : 0;
      } else {
        table_.pack_rows(call_.a + (row + r) * call_.k + k0, call_.k, k, count, table_.mr, out);
      }
    }
  }

  void PackB(size_t col, size_t cols, size_t k0, size_t k, float* out) const {
    if (call_.trans_b)
      table_.pack_rows(call_.b + col * call_.k + k0, call_.k, k, cols, table_.nr, out);
    else
      table_.pack_columns(call_.b + k0 * call_.n + col, call_.n, k, cols, out);
  }

  void Panel(size_t row, size_t rows, size_t col, size_t cols, float* scratch) const {
    const size_t widest = std::min(call_.k, kBlockK);
    float* a = scratch;
    float* b = a + widest * rows_;
    float* c = call_.c + row * call_.n + col;
    float* sums = sums_ ? b + widest * table_.nr : c;
    const size_t stride = sums_ ? table_.nr : call_.n;
    GemmTile tile = {};
    tile.low = -kInfinity;
    tile.high = kInfinity;
    tile.cols = cols;
    tile.c_stride = tile.add_stride = stride;
    for (size_t k0 = 0; k0 < std::max<size_t>(1, call_.k); k0 += kBlockK) {
      tile.k = std::min(kBlockK, call_.k - k0);
      PackA(row, rows, k0, tile.k, a);
      PackB(col, cols, k0, tile.k, b);
      tile.b = b;
      const bool adds = k0 > 0 || (!sums_ && call_.beta == 1);
      for (size_t r = 0; r < rows; r += table_.mr) {
        tile.rows = std::min(table_.mr, rows - r);
        tile.a = a + r * tile.k;
        tile.c = sums + r * stride;
        tile.add = adds ? tile.c : nullptr;
        table_.gemm_tile(tile);
      }
    }
    if (!sums_) return;
    for (size_t r = 0; r < rows; ++r)
      for (size_t j = 0; j < cols; ++j) {
        float& out = c[r * call_.n + j];
        const float sum = call_.alpha * sums[r * stride + j];
        out = call_.beta == 0 ? sum : sum + call_.beta * out;
      }
  }

  const KernelTable& table_;
  const GemmCall& call_;
  size_t rows_;
  bool sums_;
};

}  // namespace

void Gemm(const KernelTable& table, const GemmCall& call, ThreadPool& pool, size_t threads) {
  if (call.m == 0 || call.n == 0) return;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  const GemmRun run(table, call);
  AlignedBuffer scratch(threads * run.SlotFloats());
  const size_t panels = run.ColumnPanels();
  // A few tasks per thread; within one, panels of columns share nothing, so any cut will do.
  const size_t cuts = std::min(panels, CeilDiv(4 * threads, run.RowBlocks()));
  pool.ParallelFor(run.RowBlocks() * cuts, threads, [&](size_t task, size_t slot) {
    const size_t cut = task % cuts;
    run.Run(task / cuts, panels * cut / cuts, panels * (cut + 1) / cuts,
            scratch.data() + slot * run.SlotFloats());
  });
}

}  // namespace convfuse
