#include "ops/elementwise.h"

#include <algorithm>

#include "ops/blocked_cut.h"
#include "ops/epilogue.h"
#include "ops/integers.h"

namespace convfuse {
namespace {

// Floats of the result between arithmetic and activation: 8 KB, which stay in L1 beside operands.
constexpr size_t kBlockFloats = 2048;

// Results of a task: some ten microseconds of work, so that handing it out is lost in it.
constexpr size_t kTaskFloats = 32 << 10;
// The same with an exponential for each.
constexpr size_t kActivatedTaskFloats = 8 << 10;

// Results that threads share by bands, at the least: of fewer, one thread reads what another has in
// its caches in less time than the other takes to join.
constexpr size_t kLeastShared = 8 << 10;

constexpr size_t kRowAxis = kElementwiseAxes - 1;

// How the result is cut into blocks, each computed at a time: some rows, or a part of one.
struct Cut {
  size_t rows, floats;         // of a block
  size_t row_blocks, columns;  // blocks along the axis of rows, and along a row

  explicit Cut(const Elementwise& e)
      : rows(std::min(e.extent[kRowAxis], std::max<size_t>(1, kBlockFloats / e.length))),
        floats(std::min(e.length, kBlockFloats)),
        row_blocks(CeilDiv(e.extent[kRowAxis], rows)),
        columns(CeilDiv(e.length, floats)) {}

  size_t Blocks(const Elementwise& e) const {
    size_t blocks = row_blocks * columns;
    for (size_t axis = 0; axis < kRowAxis; ++axis) blocks *= e.extent[axis];
    return blocks;
  }
};

// The place of a block in x, other and y.  Advances to the next block without divisions.
class Position {
 public:
  Position(const Elementwise& e, const Cut& cut, size_t block) : e_(e), cut_(cut) {
    column_ = block % cut.columns;
    block /= cut.columns;
    row_block_ = block % cut.row_blocks;
    block /= cut.row_blocks;
    for (size_t axis = kRowAxis; axis-- > 0;) {
      index_[axis] = block % e.extent[axis];
      block /= e.extent[axis];
      for (size_t o = 0; o < 3; ++o) outer_[o] += index_[axis] * Place(o).stride[axis];
    }
  }

  size_t row() const { return row_block_ * cut_.rows; }
  size_t column() const { return column_ * cut_.floats; }

  // Of operand 0 (x), 1 (other) or 2 (y).
  size_t Offset(size_t o) const {
    const ElementwisePlace& place = Place(o);
    const size_t moved = place.advance == Advance::kElement ? column() : 0;
    return place.offset + outer_[o] + row() * place.stride[kRowAxis] + moved;
  }

  void Advance() {
    if (++column_ < cut_.columns) return;
    column_ = 0;
    if (++row_block_ < cut_.row_blocks) return;
    row_block_ = 0;
    for (size_t axis = kRowAxis; axis-- > 0;) {
      const bool inside = ++index_[axis] < e_.extent[axis];
      for (size_t o = 0; o < 3; ++o) {
        outer_[o] += Place(o).stride[axis];
        if (!inside) outer_[o] -= e_.extent[axis] * Place(o).stride[axis];
      }
      if (inside) return;
      index_[axis] = 0;
    }
  }

 private:
  const ElementwisePlace& Place(size_t o) const {
    return o == 0 ? e_.x_place : o == 1 ? e_.other_place : e_.y_place;
  }

  const Elementwise& e_;
  const Cut& cut_;
  size_t column_, row_block_, index_[kRowAxis] = {}, outer_[3] = {};
};

bool HasBands(const Elementwise& e) {
  return e.height > 0 && (e.extent[kRowAxis] == e.height || e.length % e.height == 0);
}

// One of `bands` bands of rows of pixels, of all planes.
Elementwise BandOf(const Elementwise& e, size_t band, size_t bands) {
  Elementwise part = e;
  const size_t first = EvenCut(e.height, band, bands);
  const size_t rows = EvenCut(e.height, band + 1, bands) - first;
  const bool planes = e.extent[kRowAxis] != e.height;  // rows here are planes
  const size_t pixels = e.length / e.height;           // floats of one of their rows
  (planes ? part.length : part.extent[kRowAxis]) = planes ? rows * pixels : rows;
  for (ElementwisePlace* place : {&part.x_place, &part.other_place, &part.y_place})
    if (!planes)
      place->offset += first * place->stride[kRowAxis];
    else if (place->advance == Advance::kElement)
      place->offset += first * pixels;
  return part;
}

void RunBlock(const KernelTable& table, const Elementwise& e, const Epilogue& epilogue,
              const Cut& cut, const Position& at) {
  ElementwiseRows r = {};
  r.function = e.function;
  r.rows = std::min(cut.rows, e.extent[kRowAxis] - at.row());
  r.length = std::min(cut.floats, e.length - at.column());
  r.x = {e.x + at.Offset(0), e.x + e.x_size, e.x_place.stride[kRowAxis], e.x_place.advance};
  if (e.function != ElementwiseFunction::kCopy)
    r.other = {e.other + at.Offset(1), e.other + e.other_size, e.other_place.stride[kRowAxis],
               e.other_place.advance};
  r.plane = e.plane;
  r.y = e.y + at.Offset(2);
  r.y_row = e.y_place.stride[kRowAxis];
  r.low = epilogue.low;
  r.high = epilogue.high;
  const bool moves = e.function != ElementwiseFunction::kCopy || r.x.data != r.y;
  if (moves || !epilogue.rows) table.elementwise(r);
  if (!epilogue.rows) return;
  if (r.rows == 1 || r.y_row == r.length)
    return table.activate_row(e.activation, 0, r.rows * r.length, r.y);
  for (size_t row = 0; row < r.rows; ++row)
    table.activate_row(e.activation, 0, r.length, r.y + row * r.y_row);
}

}  // namespace

void RunElementwise(const KernelTable& table, const Elementwise& e, ThreadPool& pool,
                    size_t threads) {
  size_t results = e.length;
  for (const size_t extent : e.extent) results *= extent;
  if (results == 0) return;
  const Epilogue epilogue(e.activation);
  threads = std::min(std::max<size_t>(1, threads), ThreadPool::kMaxThreads);
  const bool by_bands = threads > 1 && HasBands(e) && results >= kLeastShared &&
                        SharesByBands(e.height, results, threads);
  const size_t bands = by_bands ? threads : 1;
  const size_t floats = epilogue.rows ? kActivatedTaskFloats : kTaskFloats;
  size_t tasks = CeilDiv(results, bands * floats);  // of a band
  if (tasks > 1) tasks = RoundUp(tasks, threads / bands);
  pool.ParallelFor(bands * tasks, threads, [&](size_t task, size_t) {
    const Elementwise part = by_bands ? BandOf(e, task / tasks, bands) : e;
    const Cut cut(part);
    const size_t blocks = cut.Blocks(part);
    const size_t begin = EvenCut(blocks, task % tasks, tasks);
    const size_t end = EvenCut(blocks, task % tasks + 1, tasks);
    Position at(part, cut, begin);
    for (size_t block = begin; block < end; ++block, at.Advance())
      RunBlock(table, part, epilogue, cut, at);
  });
}

}  // namespace convfuse
