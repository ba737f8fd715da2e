#include "ops/gemm.h"

#include <algorithm>
#include <limits>

#include "ops/integers.h"
#include "ops/linear_tiles.h"
#include "ops/workspace.h"

namespace convfuse {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows of A packed per task: with kBlockK, 128 KB, a quarter of a 512 KB L2.
constexpr size_t kBlockRows = 128;
// Columns per task where sums are kept apart: with kBlockRows another quarter.
constexpr size_t kBlockColumns = 256;
// Up to this many rows a transposed B is read as it lies: packing it would cost more than it saves.
constexpr size_t kDotRows = 4;

// One call cut into blocks of rows times runs of column panels, each over the whole of k.
class PackedGemm {
 public:
  PackedGemm(const KernelTable& table, const GemmCall& call, size_t threads)
      : table_(table), call_(call) {
    // alpha multiplies finished sums, so that it can neither overflow nor lose a product.
    keeps_sums_ = call.alpha != 1 || (call.beta != 0 && call.beta != 1);
    rows_ = std::max<size_t>(1, kBlockRows / table.mr) * table.mr;
    rows_ = std::min(rows_, RoundUp(call.m, table.mr));
    row_blocks_ = CeilDiv(call.m, rows_);
    panels_ = CeilDiv(call.n, table.nr);
    cuts_ = std::min(panels_, CeilDiv(4 * threads, row_blocks_));
    if (keeps_sums_) cuts_ = std::max(cuts_, std::min(panels_, CeilDiv(call.n, kBlockColumns)));
    block_k_ = std::min(call.k, kBlockK);
    stride_ = keeps_sums_ ? CeilDiv(panels_, cuts_) * table.nr : call.n;
  }

  size_t Tasks() const { return row_blocks_ * cuts_; }
  size_t SlotFloats() const {
    return RoundUp(block_k_ * (rows_ + table_.nr) + (keeps_sums_ ? rows_ * stride_ : 0), 16);
  }

  void Run(size_t task, float* scratch) const {
    const size_t row = task / cuts_ * rows_, rows = std::min(rows_, call_.m - row);
    const size_t begin = panels_ * (task % cuts_) / cuts_ * table_.nr;
    const size_t end = std::min(call_.n, panels_ * (task % cuts_ + 1) / cuts_ * table_.nr);
    float* a = scratch;
    float* b = a + block_k_ * rows_;
    float* c = call_.c + row * call_.n + begin;
    float* sums = keeps_sums_ ? b + block_k_ * table_.nr : c;
    GemmTile tile = {};
    tile.low = -kInfinity;
    tile.high = kInfinity;
    tile.c_stride = tile.add_stride = stride_;
    for (size_t k = 0; k < std::max<size_t>(1, call_.k); k += kBlockK) {
      tile.k = std::min(kBlockK, call_.k - k);
      const bool adds = k > 0 || (!keeps_sums_ && call_.beta == 1);
      PackA(row, rows, k, tile.k, a);
      for (size_t col = begin; col < end; col += table_.nr) {
        tile.cols = std::min(table_.nr, end - col);
        tile.b = tile.ahead = b;
        tile.b_stride = table_.nr;
        if (!call_.trans_b && tile.cols % table_.lanes == 0) {
          tile.b = tile.ahead = call_.b + k * call_.n + col;
          tile.b_stride = call_.n;
        } else {
          PackB(col, tile.cols, k, tile.k, b);
        }
        for (size_t r = 0; r < rows; r += table_.mr) {
          tile.rows = std::min(table_.mr, rows - r);
          tile.a = a + r * tile.k;
          tile.c = sums + r * stride_ + (col - begin);
          tile.add = adds ? tile.c : nullptr;
          table_.gemm_tile(tile);
        }
      }
    }
    for (size_t r = 0; keeps_sums_ && r < rows; ++r)
      Finish(sums + r * stride_, end - begin, c + r * call_.n);
  }

 private:
  void PackA(size_t row, size_t rows, size_t k0, size_t k, float* out) const {
    for (size_t r = 0; r < rows; r += table_.mr, out += table_.mr * k) {
      const size_t count = std::min(table_.mr, rows - r);
      if (!call_.trans_a) {
        table_.pack_rows(call_.a + (row + r) * call_.k + k0, call_.k, k, count, table_.mr, out);
        continue;
      }
      const float* a = call_.a + k0 * call_.m + row + r;
      for (size_t i = 0; i < k; ++i, a += call_.m)
        for (size_t j = 0; j < table_.mr; ++j) out[i * table_.mr + j] = j < count ? a[j] : 0;
    }
  }

  void PackB(size_t col, size_t cols, size_t k0, size_t k, float* out) const {
    if (call_.trans_b)
      table_.pack_rows(call_.b + col * call_.k + k0, call_.k, k, cols, table_.nr, out);
    else
      table_.pack_columns(call_.b + k0 * call_.n + col, call_.n, k, cols, out);
  }

  void Finish(const float* sums, size_t n, float* c) const {
    for (size_t j = 0; j < n; ++j)
      c[j] = call_.beta == 0 ? call_.alpha * sums[j] : call_.alpha * sums[j] + call_.beta * c[j];
  }

  const KernelTable& table_;
  const GemmCall& call_;
  bool keeps_sums_;  // sums have a place of their own until alpha and beta are applied
  size_t rows_, row_blocks_, panels_, cuts_, block_k_, stride_;
};

// Products by LinearTiles, which read A where it lies and pack B slice by slice.  Sums go to C as
// they are, or are added to it.
class TiledGemm {
 public:
  TiledGemm(const KernelTable& table, const GemmCall& call, size_t threads)
      : call_(call), tiles_(table, call.n, call.k, Activation()) {
    row_blocks_ = CeilDiv(call.m, kMostRows);
    const size_t wanted = threads > 1 ? 4 * threads : 1;
    cuts_ = std::min(tiles_.slices(), CeilDiv(wanted, row_blocks_ * call.count));
  }

  // Not for a transposed A, for scaled sums, or where packing B would cost too much.
  static bool Fits(const GemmCall& call) {
    return !call.trans_a && call.alpha == 1 && (call.beta == 0 || call.beta == 1) &&
           call.m >= kFewestRows && call.k > 0 &&
           call.m * call.n >= kFewestOutputs / call.count &&
           std::max(call.n, call.k) <= LinearTiles::kMostSize;
  }

  size_t Tasks() const { return call_.count * row_blocks_ * cuts_; }
  size_t SlotFloats() const { return tiles_.ScratchFloats(CeilDiv(call_.m, row_blocks_), false); }

  void Run(size_t task, float* scratch) const {
    const size_t cut = task % cuts_, block = task / cuts_ % row_blocks_;
    const size_t index = task / cuts_ / row_blocks_;
    const size_t row = EvenCut(call_.m, block, row_blocks_);
    LinearTiles::Part part = {};
    part.a = call_.a + (index * call_.m + row) * call_.k;
    part.b = call_.b + index * call_.k * call_.n;
    part.trans_b = call_.trans_b;
    part.out = call_.c + (index * call_.m + row) * call_.n;
    part.residual = call_.beta == 1 ? part.out : nullptr;
    part.rows = EvenCut(call_.m, block + 1, row_blocks_) - row;
    part.slice = EvenCut(tiles_.slices(), cut, cuts_);
    part.end = EvenCut(tiles_.slices(), cut + 1, cuts_);
    tiles_.Run(part, scratch);
  }

 private:
  // Packing B takes as long as computing so many rows; setting up tiles, as long as so many
  // outputs.
  static constexpr size_t kFewestRows = 16, kFewestOutputs = 2048;
  // Rows of a block at the most.  Every block packs all of B again, which is little beside
  // multiplying so many rows; the sums of a slice, 64 KB with AVX-512, still fit into an L2.
  static constexpr size_t kMostRows = 512;

  const GemmCall& call_;
  LinearTiles tiles_;
  size_t row_blocks_, cuts_;
};

// Few rows of A against the rows of a transposed B.
void DotGemm(const KernelTable& table, const GemmCall& call, ThreadPool& pool, size_t threads) {
  constexpr size_t kColumns = 64;  // outputs of a task, kept on the stack
  pool.ParallelFor(CeilDiv(call.n, kColumns), threads, [&](size_t task, size_t) {
    const size_t col = task * kColumns, cols = std::min(kColumns, call.n - col);
    float dots[kColumns];
    for (size_t m = 0; m < call.m; ++m) {
      table.dot_rows(call.a + m * call.k, call.b + col * call.k, call.k, call.k, cols, dots);
      float* c = call.c + m * call.n + col;
      for (size_t j = 0; j < cols; ++j)
        c[j] = call.beta == 0 ? call.alpha * dots[j] : call.alpha * dots[j] + call.beta * c[j];
    }
  });
}

template <class Tasks>
void RunTasks(const Tasks& gemm, ThreadPool& pool, WorkspacePool& workspaces, size_t threads) {
  const WorkspacePool::Lease scratch(workspaces, threads * gemm.SlotFloats());
  pool.ParallelFor(gemm.Tasks(), threads, [&](size_t task, size_t slot) {
    gemm.Run(task, scratch.data() + slot * gemm.SlotFloats());
  });
}

}  // namespace

void Gemm(const KernelTable& table, const GemmCall& call, ThreadPool& pool,
          WorkspacePool& workspaces, size_t threads) {
  if (call.m == 0 || call.n == 0 || call.count == 0) return;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  if (TiledGemm::Fits(call))
    return RunTasks(TiledGemm(table, call, threads), pool, workspaces, threads);
  GemmCall one = call;
  for (size_t i = 0; i < call.count; ++i) {
    if (call.trans_b && (!call.trans_a || call.m == 1) && call.m <= kDotRows)
      DotGemm(table, one, pool, threads);
    else
      RunTasks(PackedGemm(table, one, threads), pool, workspaces, threads);
    one.a += call.m * call.k;
    one.b += call.k * call.n;
    one.c += call.m * call.n;
  }
}

}  // namespace convfuse
