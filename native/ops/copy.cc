#include "ops/copy.h"

#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "ops/integers.h"

namespace convfuse {
namespace {

// Bytes of a task: some ten microseconds of copying.
constexpr size_t kTaskBytes = 64 << 10;

// Bytes of a run: below this a call of memcpy takes longer than copying the elements one by one.
constexpr size_t kShortRun = 64;

// The two innermost loops of a copy.
struct Plane {
  CopyAxis row, column;
};

template <class T>
void CopyElements(const Plane& p, const char* x, char* y) {
  for (size_t r = 0; r < p.row.size; ++r) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(r);
    const T* from = reinterpret_cast<const T*>(x) + at * p.row.from;
    T* to = reinterpret_cast<T*>(y) + at * p.row.to;
    for (size_t c = 0; c < p.column.size; ++c, from += p.column.from, to += p.column.to)
      *to = *from;
  }
}

void CopyPlane(const KernelTable& table, size_t bytes, const Plane& p, const char* x, char* y) {
  const size_t run = p.column.size * bytes;
  if (p.column.from == 1 && p.column.to == 1 && run >= kShortRun) {
    const ptrdiff_t unit = static_cast<ptrdiff_t>(bytes);
    for (size_t r = 0; r < p.row.size; ++r, x += p.row.from * unit, y += p.row.to * unit)
      memcpy(y, x, run);
  } else if (bytes == 4 && p.row.from == 1 && p.column.to == 1 && p.column.from > 0 &&
             p.row.to > 0) {
    table.transpose({reinterpret_cast<const float*>(x), static_cast<size_t>(p.column.from),
                     reinterpret_cast<float*>(y), static_cast<size_t>(p.row.to), p.column.size,
                     p.row.size});
  } else if (bytes == 1) {
    CopyElements<uint8_t>(p, x, y);
  } else if (bytes == 2) {
    CopyElements<uint16_t>(p, x, y);
  } else if (bytes == 4) {
    CopyElements<uint32_t>(p, x, y);
  } else {
    CopyElements<uint64_t>(p, x, y);
  }
}

}  // namespace

void RunCopy(const KernelTable& table, const StridedCopy& copy, ThreadPool& pool, size_t threads) {
  // The column is the last axis.  The row is an axis along which x is contiguous, if there is one
  // before it, else the axis before it.
  CopyAxis outer[kMaxCopyRank];
  size_t rank = 0, planes = 1;
  Plane plane = {{1, 0, 0}, {1, 0, 0}};
  if (copy.rank > 0) plane.column = copy.axis[copy.rank - 1];
  size_t row = copy.rank < 2 ? copy.rank : copy.rank - 2;
  for (size_t a = 0; a + 1 < copy.rank; ++a)
    if (copy.axis[a].from == 1 && copy.axis[a].size > 1) row = a;
  for (size_t a = 0; a + 1 < copy.rank; ++a) {
    if (a == row)
      plane.row = copy.axis[a];
    else
      planes *= copy.axis[a].size, outer[rank++] = copy.axis[a];
  }
  const size_t rows = plane.row.size;
  if (planes * rows * plane.column.size == 0) return;
  // A task is a band of rows where a plane is large, and several planes where it is small.
  const size_t row_bytes = plane.column.size * copy.bytes;
  const size_t band = std::min(rows, RoundUp(CeilDiv(kTaskBytes, row_bytes), 16));
  const size_t bands = CeilDiv(rows, band);
  const size_t each = bands > 1 ? 1 : CeilDiv(kTaskBytes, rows * row_bytes);
  const ptrdiff_t unit = static_cast<ptrdiff_t>(copy.bytes);
  pool.ParallelFor(CeilDiv(planes, each) * bands, threads, [&](size_t task, size_t) {
    const size_t first = task % bands * band, begin = task / bands * each;
    Plane part = plane;
    part.row.size = std::min(band, rows - first);
    for (size_t p = begin; p < std::min(planes, begin + each); ++p) {
      ptrdiff_t from = static_cast<ptrdiff_t>(first) * plane.row.from;
      ptrdiff_t to = static_cast<ptrdiff_t>(first) * plane.row.to;
      for (size_t a = rank, rest = p; a-- > 0; rest /= outer[a].size) {
        const ptrdiff_t at = static_cast<ptrdiff_t>(rest % outer[a].size);
        from += at * outer[a].from, to += at * outer[a].to;
      }
      CopyPlane(table, copy.bytes, part, copy.x + from * unit, copy.y + to * unit);
    }
  });
}

}  // namespace convfuse
