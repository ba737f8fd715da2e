#include "ops/chain_pool.h"

#include <algorithm>

#include "ops/pool.h"

namespace convfuse {
namespace {

class PoolBand final : public ConvAlgorithm {
 public:
  PoolBand(const KernelTable& table, const BlockedPool& pool, std::vector<int32_t> start,
           const ConvShape& shape, size_t channels)
      : table_(table), pool_(pool), start_(std::move(start)),
        blocks_(CeilDiv(channels, table.lanes)),
        x_(shape.x_layout, table.lanes, channels, shape.in[1], shape.in[2]),
        out_(shape.out_layout, table.lanes, channels, shape.out[1], shape.out[2]) {
    pool_.axis[0].start = start_.data();
    pool_.x_row = x_.row;
    pool_.out_row = out_.row;
  }

  std::string Name() const override { return pool_.mean ? "mean" : "maximum"; }
  size_t WorkspaceFloats(size_t) const override { return 0; }

  void Run(const ConvRun& run) const override {
    BlockedPool pool = pool_;
    pool.x = run.x + x_.origin;
    pool.out = run.out + out_.origin;
    for (size_t b = 0; b < blocks_; ++b, pool.x += x_.block, pool.out += out_.block)
      table_.blocked_pool(pool);
  }

 private:
  const KernelTable& table_;
  BlockedPool pool_;
  std::vector<int32_t> start_;  // PoolAxis::start of the height, counted from row 0 of the band's x
  size_t blocks_;
  BlockedStrides x_, out_;
};

ChainRows RowsOf(const PoolAxis& high, const PoolAxis& wide) {
  ChainRows rows = {high.in, {}, {}};
  // RunBlockedPool adds up whole planes in another order.
  if (IsWhole(high) && IsWhole(wide)) return rows;
  ptrdiff_t end = 0;
  for (size_t y = 0; y < high.out; ++y) {
    if (high.taps[y] == 0) return {high.in, {}, {}};
    const auto last =
        static_cast<ptrdiff_t>(high.taps[y] - 1) * static_cast<ptrdiff_t>(high.dilation);
    end = std::max(end, high.start[y] + last + 1);
    rows.first.push_back(high.start[y]);
    rows.end.push_back(end);
  }
  // With a dilation, the first window may begin below the second.
  for (size_t y = high.out; y-- > 1;)
    rows.first[y - 1] = std::min(rows.first[y - 1], rows.first[y]);
  return rows;
}

}  // namespace

ChainPool::ChainPool(const KernelTable& table, bool mean, size_t channels,
                     const PoolAxis (&axis)[2])
    : table_(table), mean_(mean), channels_(channels) {
  for (const PoolAxis& a : axis)
    for (const int32_t* numbers : {a.start, a.taps, a.divisor})
      windows_.insert(windows_.end(), numbers, numbers + a.out);
  const int32_t* at = windows_.data();
  for (int a = 0; a < 2; ++a) {
    axis_[a] = axis[a];
    for (const int32_t** numbers : {&axis_[a].start, &axis_[a].taps, &axis_[a].divisor}) {
      *numbers = at;
      at += axis[a].out;
    }
  }
  rows_ = RowsOf(axis_[0], axis_[1]);
}

std::unique_ptr<const ConvAlgorithm> ChainPool::MakeBand(const ConvShape& band, size_t row) const {
  const size_t rows = band.out[1];
  BlockedPool pool = {};
  pool.mean = mean_;
  pool.axis[0] = axis_[0];
  pool.axis[1] = axis_[1];
  pool.axis[0].out = rows;
  pool.axis[0].taps += row;
  pool.axis[0].divisor += row;
  std::vector<int32_t> start(axis_[0].start + row, axis_[0].start + row + rows);
  const auto first = static_cast<int32_t>(rows_.first[row]);
  for (int32_t& at : start) at -= first;
  return std::make_unique<PoolBand>(table_, pool, std::move(start), band, channels_);
}

}  // namespace convfuse
