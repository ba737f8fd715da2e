// Strided copies on every ISA against plain loops: elements of every size, any order of axes,
// strides of either sign and of zero, and what lies between the places left alone.
#include "ops/copy.h"

#include <string.h>

#include <algorithm>
#include <vector>

#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kMostFloats = 1 << 18;

// Strides that place the axes one in another, in a random order, sometimes with room between them.
// Returns the elements that they span.
size_t Strides(Random& random, StridedCopy* copy, ptrdiff_t CopyAxis::*stride, bool shuffled) {
  size_t order[kMaxCopyRank];
  for (size_t a = 0; a < copy->rank; ++a) order[a] = copy->rank - 1 - a;
  if (shuffled)
    for (size_t a = copy->rank; a > 1; --a) std::swap(order[a - 1], order[random.Below(a)]);
  size_t span = 1;
  for (size_t i = 0; i < copy->rank; ++i) {
    CopyAxis& axis = copy->axis[order[i]];
    axis.*stride = static_cast<ptrdiff_t>(span);
    span *= axis.size;
    if (random.Chance(20)) span += random.Between(1, 3);
  }
  return span;
}

// Where the first element lies when some axes run backwards.
size_t Reverse(Random& random, StridedCopy* copy, ptrdiff_t CopyAxis::*stride) {
  ptrdiff_t first = 0;
  for (size_t a = 0; a < copy->rank; ++a) {
    if (!random.Chance(10)) continue;
    first += static_cast<ptrdiff_t>(copy->axis[a].size - 1) * (copy->axis[a].*stride);
    copy->axis[a].*stride *= -1;
  }
  return static_cast<size_t>(first);
}

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Guarded& x, Guarded& y) {
  StridedCopy copy = {};
  copy.bytes = size_t{1} << random.Below(4);
  copy.rank = random.Below(6);
  size_t count = 1;
  for (size_t a = 0; a < copy.rank; ++a) {
    const size_t most = std::min<size_t>(random.Chance(20) ? 90 : 9, 20000 / count);
    copy.axis[a].size = random.Between(1, std::max<size_t>(1, most));
    count *= copy.axis[a].size;
  }
  const size_t from = Strides(random, &copy, &CopyAxis::from, random.Chance(70));
  const size_t to = Strides(random, &copy, &CopyAxis::to, random.Chance(20));
  const size_t x_first = Reverse(random, &copy, &CopyAxis::from);
  const size_t y_first = Reverse(random, &copy, &CopyAxis::to);
  if (random.Chance(10) && copy.rank > 0 && x_first == 0)
    copy.axis[random.Below(copy.rank)].from = 0;
  const size_t x_floats = (from * copy.bytes + 3) / 4, y_floats = (to * copy.bytes + 3) / 4;
  char* source = reinterpret_cast<char*>(x.Place(x_floats, random.Chance(50)));
  for (size_t i = 0; i < x_floats * 4; ++i) source[i] = static_cast<char>(random.Next());
  char* target = reinterpret_cast<char*>(y.Place(y_floats, random.Chance(50)));
  copy.x = source + x_first * copy.bytes;
  copy.y = target + y_first * copy.bytes;

  std::vector<char> want(target, target + y_floats * 4);
  for (size_t i = 0; i < count; ++i) {
    ptrdiff_t at = 0, place = 0;
    size_t rest = i;
    for (size_t a = copy.rank; a-- > 0; rest /= copy.axis[a].size) {
      const ptrdiff_t index = static_cast<ptrdiff_t>(rest % copy.axis[a].size);
      at += index * copy.axis[a].from, place += index * copy.axis[a].to;
    }
    const ptrdiff_t unit = static_cast<ptrdiff_t>(copy.bytes);
    memcpy(want.data() + (static_cast<ptrdiff_t>(y_first) + place) * unit, copy.x + at * unit,
           copy.bytes);
  }
  RunCopy(table, copy, pool, random.Between(1, 3));
  const std::string what = std::string(table.isa) + " copy of " + std::to_string(count) +
                           " elements of " + std::to_string(copy.bytes) + " bytes, rank " +
                           std::to_string(copy.rank);
  Check(y.Intact(), what + " wrote outside");
  Check(memcmp(want.data(), target, want.size()) == 0, what);
}

}  // namespace

void TestCopy(const Options& options) {
  Guarded x(kMostFloats), y(kMostFloats);
  ThreadPool pool(2);
  for (const KernelTable* table : TestedTables(options))
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, x, y); });
}

}  // namespace convfuse::test
