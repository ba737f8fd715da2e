#include "ops/linear.h"

#include <algorithm>

#include "ops/conv_blocked.h"
#include "ops/integers.h"

namespace convfuse {

Linear::Linear(const float* b, size_t n, size_t k, bool trans_b, const float* bias,
               const LinearOptions& options)
    : table_(*options.table), n_(n), k_(k), tiles_(table_, n, k, options.activation),
      b_(tiles_.slices() * k * tiles_.width()), bias_(tiles_.slices() * tiles_.width()),
      workspaces_(options.workspaces) {
  std::fill_n(bias_.data(), tiles_.slices() * tiles_.width(), 0.0f);
  if (bias) std::copy_n(bias, n, bias_.data());
  for (size_t slice = 0; slice < tiles_.slices(); ++slice)
    tiles_.Pack(b, trans_b, slice, 0, k, b_.data() + slice * k * tiles_.width());
}

void Linear::Run(const float* a, size_t m, const float* residual, float* out, ThreadPool& pool,
                 size_t threads) const {
  if (m == 0) return;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  // Columns are cut first: every block of rows reads all of b again.
  const size_t wanted = threads > 1 ? 4 * threads : 1;
  size_t row_blocks = CeilDiv(m, LinearTiles::kBlockRows);
  const size_t slices = tiles_.slices(), cuts = std::min(slices, CeilDiv(wanted, row_blocks));
  const size_t tiles = CeilDiv(m, table_.blocked_pixels[kSliceVectors]);
  row_blocks = std::max(row_blocks, std::min(tiles, CeilDiv(wanted, cuts)));
  const size_t slot = tiles_.ScratchFloats(CeilDiv(m, row_blocks), true);
  const WorkspacePool::Lease scratch(*workspaces_, threads * slot);
  pool.ParallelFor(row_blocks * cuts, threads, [&](size_t task, size_t thread) {
    const size_t block = task / cuts, cut = task % cuts;
    const size_t row = EvenCut(m, block, row_blocks), end = EvenCut(m, block + 1, row_blocks);
    LinearTiles::Part part = {};
    part.a = a + row * k_;
    part.packed = b_.data();
    part.bias = bias_.data();
    part.residual = residual ? residual + row * n_ : nullptr;
    part.out = out + row * n_;
    part.rows = end - row;
    part.slice = EvenCut(slices, cut, cuts);
    part.end = EvenCut(slices, cut + 1, cuts);
    tiles_.Run(part, scratch.data() + thread * slot);
  });
}

}  // namespace convfuse
