#include "ops/pool.h"

#include <algorithm>

#include "ops/blocked_cut.h"
#include "ops/integers.h"

namespace convfuse {
namespace {

// Inputs of a task: some ten microseconds of work, so that handing it out is lost in it.
constexpr size_t kTaskInputs = 32 << 10;

// Lines of a thread: half of an L1 of 32 KB, since the input rows that they join are there too.
constexpr size_t kLinesFloats = (16 << 10) / sizeof(float);

// The windows of an axis in a line; step 0 unless they lie at even steps of 1 or 2.  Windows are
// cut off where they leave the input, so that neither their first nor their last elements alone
// tell the step and the place of all.
PoolLines LinesOf(const PoolAxis& a) {
  const auto dilation = static_cast<ptrdiff_t>(a.dilation), in = static_cast<ptrdiff_t>(a.in);
  const auto first = [&](size_t o) { return static_cast<ptrdiff_t>(a.start[o]); };
  const auto last = [&](size_t o) { return first(o) + (a.taps[o] - 1) * dilation; };
  ptrdiff_t step = 1;
  for (size_t o = 1; o < a.out; ++o)
    if (a.taps[o] > 0 && a.taps[o - 1] > 0)
      step = std::max({step, first(o) - first(o - 1), last(o) - last(o - 1)});
  const auto place = [&](size_t o) { return static_cast<ptrdiff_t>(o) * step; };
  ptrdiff_t begin = in, end = -in;
  for (size_t o = 0; o < a.out; ++o)
    if (a.taps[o] > 0) {
      begin = std::min(begin, first(o) - place(o));
      end = std::max(end, last(o) - place(o));
    }
  const PoolLines none = {0, 0, 0, 0, RoundUp(a.in + kPoolSlack, 16), 1};
  if (step > 2 || a.out == 0 || end < begin) return none;
  const ptrdiff_t taps = (end - begin) / dilation + 1;
  for (size_t o = 0; o < a.out; ++o) {
    const ptrdiff_t from = begin + place(o);
    const ptrdiff_t outside = from < 0 ? (-from + dilation - 1) / dilation : 0;
    const ptrdiff_t start = from + outside * dilation;
    const ptrdiff_t inside = start < in ? (in - start + dilation - 1) / dilation : 0;
    const ptrdiff_t expected = std::max<ptrdiff_t>(0, std::min(taps - outside, inside));
    if (a.taps[o] != expected || (expected > 0 && first(o) != start)) return none;
  }
  const ptrdiff_t left = std::max<ptrdiff_t>(0, -begin);
  const ptrdiff_t reach = begin + place(a.out - 1) + (taps - 1) * dilation + 1;
  const auto line = static_cast<size_t>(left + std::max(in, reach));
  return {static_cast<size_t>(step), static_cast<size_t>(left + begin), static_cast<size_t>(taps),
          static_cast<size_t>(left), RoundUp(line + kPoolSlack, 16), 1};
}

}  // namespace

void RunPool(const KernelTable& table, const PoolPlanes& planes, ThreadPool& pool,
             WorkspacePool& workspaces, size_t threads) {
  const PoolAxis(&axis)[3] = planes.axis;
  const size_t in = axis[0].in * axis[1].in * axis[2].in;
  const size_t out = axis[0].out * axis[1].out * axis[2].out;
  if (planes.planes * out == 0) return;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  const size_t each = std::max<size_t>(1, kTaskInputs / std::max<size_t>(1, in));
  const size_t tasks = CeilDiv(planes.planes, each);
  threads = std::min(threads, tasks);
  PoolLines lines = LinesOf(axis[2]);
  lines.count = std::min(axis[1].out, std::max<size_t>(1, kLinesFloats / lines.stride));
  const size_t line_floats = lines.count * lines.stride;
  // Where a row is less than a vector, the kernel reads or writes past the last one, which is no
  // memory of this task: its last planes, at least a vector of elements, are computed in scratch
  // memory.
  const bool narrow_in = axis[2].in < table.lanes, narrow = narrow_in || axis[2].out < table.lanes;
  const size_t tail =
      narrow ? std::min(each, CeilDiv(table.lanes, std::max<size_t>(1, std::min(in, out)))) : 0;
  const size_t slot_floats =
      line_floats + RoundUp(tail * ((narrow_in ? in : 0) + out) + 2 * kPoolSlack, 16);
  const WorkspacePool::Lease scratch(workspaces,
                                     threads * slot_floats + axis[2].out + kPoolSlack);
  float* divisor = scratch.data() + threads * slot_floats;
  for (size_t o = 0; o < axis[2].out + kPoolSlack; ++o)
    divisor[o] = o < axis[2].out ? static_cast<float>(axis[2].divisor[o]) : 1;
  pool.ParallelFor(tasks, threads, [&](size_t task, size_t slot) {
    PoolPlanes some = planes;
    some.x += task * each * in;
    some.y += task * each * out;
    some.planes = std::min(each, planes.planes - task * each);
    some.lines = lines;
    some.divisor = divisor;
    some.scratch = scratch.data() + slot * slot_floats;
    const size_t in_scratch = std::min(tail, some.planes);
    some.planes -= in_scratch;
    table.pool(some);
    if (in_scratch == 0) return;
    const float* x = some.x + some.planes * in;
    float* to = some.y + some.planes * out;
    some.planes = in_scratch;
    some.x = x;
    some.y = some.scratch + line_floats;
    if (narrow_in) {
      std::fill_n(std::copy_n(x, in_scratch * in, some.y), kPoolSlack, 0.0f);
      some.x = some.y;
      some.y += in_scratch * in + kPoolSlack;
    }
    table.pool(some);
    std::copy_n(some.y, in_scratch * out, to);
  });
}

bool IsWhole(const PoolAxis& axis) {
  return axis.out == 1 && axis.start[0] == 0 && static_cast<size_t>(axis.taps[0]) == axis.in &&
         (axis.dilation == 1 || axis.in == 1);
}

namespace {

// Pools whole planes in blocks in two steps: each row by itself, then the rows.  The sums of rows
// depend on no others, and so overlap, and threads may share a plane that they wrote by bands.
class WholePlanes {
 public:
  WholePlanes(const KernelTable& table, const BlockedPoolPlanes& planes, WorkspacePool& workspaces)
      : table_(table), planes_(planes), height_(planes.axis[0].in), width_(planes.axis[1].in),
        blocks_(planes.batch * CeilDiv(planes.channels, table.lanes)),
        x_(planes.x_layout, table.lanes, planes.channels, height_, width_),
        y_(planes.y_layout, table.lanes, planes.channels, 1, 1),
        rows_(workspaces, blocks_ * Block()), numbers_(2 * height_, 1) {
    for (size_t row = 0; row < height_; ++row)
      numbers_[row] = static_cast<int32_t>(row * (x_.row / table_.lanes));
  }

  void Run(ThreadPool& pool, size_t threads) {
    const size_t floats = blocks_ * x_.block;
    const bool by_bands = planes_.batch == 1 && SharesByBands(height_, floats, threads);
    const size_t bands = by_bands ? threads : 1;
    const size_t tasks = std::min(blocks_, CeilDiv(floats, bands * kTaskInputs));  // of a band
    pool.ParallelFor(bands * tasks, threads, [&](size_t task, size_t) {
      const size_t begin = EvenCut(blocks_, task % tasks, tasks);
      const size_t end = EvenCut(blocks_, task % tasks + 1, tasks);
      const size_t band = task / tasks;
      const size_t row = EvenCut(height_, band, bands);
      PoolRows(begin, end, row, EvenCut(height_, band + 1, bands) - row);
      if (!by_bands) PoolColumns(begin, end);
    });
    if (by_bands) PoolColumns(0, blocks_);
  }

 private:
  size_t Block() const { return height_ * table_.lanes; }

  void PoolRows(size_t begin, size_t end, size_t row, size_t rows) {
    if (planes_.mean) {
      table_.blocked_sums({planes_.x + begin * x_.block + x_.origin + row * x_.row, end - begin,
                           x_.block, rows, x_.row, width_, 1,
                           rows_.data() + begin * Block() + row * table_.lanes, Block()});
    } else {
      for (size_t b = begin; b < end; ++b) PoolRowsOf(b, row, rows);
    }
  }

  void PoolColumns(size_t begin, size_t end) {
    if (planes_.mean) {
      const auto divisor = static_cast<float>(planes_.axis[0].divisor[0]) *
                           static_cast<float>(planes_.axis[1].divisor[0]);
      table_.blocked_sums({rows_.data() + begin * Block(), end - begin, Block(), 1, 0, height_,
                           divisor, planes_.y + begin * y_.block + y_.origin, y_.block});
    } else {
      for (size_t b = begin; b < end; ++b) PoolColumn(b);
    }
  }

  // To the kernel, each row is a column, of which it computes several at a time.
  void PoolRowsOf(size_t block, size_t row, size_t rows) {
    const int32_t* const one = numbers_.data() + height_;
    const PoolAxis along = {width_, 1, 1, numbers_.data(), planes_.axis[1].taps, one};
    const PoolAxis each = {height_, rows, 1, numbers_.data(), one, one};
    const float* x = planes_.x + block * x_.block + x_.origin + row * x_.row;
    float* const to = rows_.data() + block * Block() + row * table_.lanes;
    table_.blocked_pool({planes_.mean, {along, each}, x, table_.lanes, to, Block()});
  }

  void PoolColumn(size_t block) {
    const PoolAxis &high = planes_.axis[0], &wide = planes_.axis[1];
    const int32_t* const one = numbers_.data() + height_;
    const PoolAxis column = {1, 1, 1, numbers_.data(), one, wide.divisor};
    table_.blocked_pool({planes_.mean, {high, column}, rows_.data() + block * Block(),
                         table_.lanes, planes_.y + block * y_.block + y_.origin, y_.row});
  }

  const KernelTable& table_;
  const BlockedPoolPlanes& planes_;
  size_t height_, width_, blocks_;
  BlockedStrides x_, y_;
  WorkspacePool::Lease rows_;     // [block][row][lane]
  std::vector<int32_t> numbers_;  // where each row begins, in pixels, and as many ones
};

}  // namespace

void RunBlockedPool(const KernelTable& table, const BlockedPoolPlanes& planes, ThreadPool& pool,
                    WorkspacePool& workspaces, size_t threads) {
  const PoolAxis(&axis)[2] = planes.axis;
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  if (IsWhole(axis[0]) && IsWhole(axis[1]) && planes.batch * planes.channels > 0)
    return WholePlanes(table, planes, workspaces).Run(pool, threads);
  const BlockedStrides x(planes.x_layout, table.lanes, planes.channels, axis[0].in, axis[1].in);
  const BlockedStrides y(planes.y_layout, table.lanes, planes.channels, axis[0].out, axis[1].out);
  const size_t blocks = planes.batch * CeilDiv(planes.channels, table.lanes);
  const size_t each = std::max<size_t>(1, kTaskInputs / std::max<size_t>(1, x.block));
  pool.ParallelFor(CeilDiv(blocks, each), threads, [&](size_t task, size_t) {
    for (size_t b = task * each; b < std::min(blocks, (task + 1) * each); ++b) {
      const float* from = planes.x + b * x.block + x.origin;
      float* to = planes.y + b * y.block + y.origin;
      table.blocked_pool({planes.mean, {axis[0], axis[1]}, from, x.row, to, y.row});
    }
  });
}

}  // namespace convfuse
