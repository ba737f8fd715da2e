// Element-wise arithmetic of every ISA against plain loops, in the very bits: operands between
// guards that repeat along some axes or have gaps between their rows, results in place or not, and
// nothing written between or outside them.
#include <math.h>

#include <vector>

#include "ops/elementwise.h"
#include "ops/epilogue.h"
#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kMostFloats = 1 << 21;

struct Memory {
  Guarded x{kMostFloats}, other{kMostFloats}, y{kMostFloats};

  Memory() {
    for (Guarded* each : {&x, &other, &y}) each->Place(0, false);
  }
};

float AnyNumber(Random& random) {
  constexpr float kSpecial[] = {0.0f,     -0.0f,     INFINITY, -INFINITY, NAN,
                                0x1p-149f, -0x1p-140f, 0x1p127f, -0x1p127f, 1.0f};
  if (random.Chance(5)) return kSpecial[random.Below(sizeof kSpecial / sizeof *kSpecial)];
  return random.Chance(20) ? random.Integer(8) : random.Real() * 8;
}

// Rows with gaps between them, in the order of the axes.
ElementwisePlace Spread(const Elementwise& e, Random& random) {
  ElementwisePlace place = {random.Chance(50) ? 0 : random.Below(9), {}, Advance::kElement};
  const bool dense = random.Chance(50);
  size_t stride = e.length;
  for (size_t axis = kElementwiseAxes; axis-- > 0;) {
    if (!dense) stride += random.Below(6);
    place.stride[axis] = stride;
    stride *= e.extent[axis];
  }
  return place;
}

// The place of an operand that repeats: some axes, or the row, have a stride of 0.
ElementwisePlace Repeating(const Elementwise& e, Random& random, size_t lanes) {
  ElementwisePlace place = Spread(e, random);
  if (random.Chance(60))
    place.advance = lanes > 0 && random.Chance(50) ? Advance::kLanes : Advance::kNone;
  size_t stride = place.advance == Advance::kElement ? e.length
                  : place.advance == Advance::kLanes ? lanes
                                                     : 1;
  for (size_t axis = kElementwiseAxes; axis-- > 0;) {
    const bool moves = random.Chance(60);
    place.stride[axis] = moves ? stride : 0;
    if (moves) stride *= e.extent[axis];
  }
  return place;
}

// Floats up to the last one that is needed.
size_t Reach(const Elementwise& e, const ElementwisePlace& place, size_t planes) {
  size_t last = place.offset + (planes - 1) * e.plane;
  for (size_t axis = 0; axis < kElementwiseAxes; ++axis)
    last += (e.extent[axis] - 1) * place.stride[axis];
  return last + (place.advance == Advance::kElement ? e.length : 1);
}

size_t At(const Elementwise& e, const ElementwisePlace& place, size_t row, size_t i,
          size_t lanes) {
  size_t at = place.offset;
  for (size_t axis = kElementwiseAxes; axis-- > 0; row /= e.extent[axis])
    at += row % e.extent[axis] * place.stride[axis];
  if (place.advance == Advance::kElement) return at + i;
  return place.advance == Advance::kLanes ? at + i % lanes : at;
}

float Apply(ElementwiseFunction function, float x, const float* b) {
  switch (function) {
    case ElementwiseFunction::kAdd: return x + b[0];
    case ElementwiseFunction::kSub: return x - b[0];
    case ElementwiseFunction::kMul: return x * b[0];
    case ElementwiseFunction::kDiv: return x / b[0];
    case ElementwiseFunction::kMax: return x > b[0] || x != x ? x : b[0];
    case ElementwiseFunction::kMin: return x < b[0] || x != x ? x : b[0];
    case ElementwiseFunction::kPrelu: return x < 0 ? x * b[0] : x;
    default: return x;
  }
}

// Whether `got` is (x - centre) * scale + shift within the rounding of two operations, or of three
// where the ISA has no fused ones.
bool IsNormalised(float got, float x, const float* b) {
  const float centred = x - b[0];
  const double product = double{centred} * b[1], want = product + b[2];
  const double bound = 0x1p-23 * (fabs(product) + fabs(want)) + 0x1p-148;
  if (!(fabs(want) <= 0x1p126) || !(fabs(product) <= 0x1p126)) return true;
  return fabs(got - want) <= bound;
}

Activation RandomActivation(Random& random, const float* slope) {
  Activation a;
  if (random.Chance(40)) return a;
  a.kind = static_cast<ActivationKind>(random.Below(static_cast<size_t>(ActivationKind::kCount)));
  a.alpha = a.kind == ActivationKind::kClip ? -0.5f : 0.25f;
  a.beta = 0.75f;
  a.slope = slope;
  a.slopes = 1;
  if (random.Chance(30)) a.scale = 1.5f, a.shift = 0.25f, a.high = 2;
  return a;
}

void Run(const KernelTable& table, ThreadPool& pool, Random& random, Memory& memory) {
  static const float kSlope = 0.125f;
  Elementwise e = {};
  e.function = static_cast<ElementwiseFunction>(
      random.Below(static_cast<size_t>(ElementwiseFunction::kCount)));
  e.activation = RandomActivation(random, &kSlope);
  const bool normalises = e.function == ElementwiseFunction::kNormalise;
  const bool alone = e.function == ElementwiseFunction::kCopy;
  for (size_t& extent : e.extent) extent = random.Chance(50) ? 1 : random.Between(1, 5);
  e.length = random.Between(1, random.Chance(80) ? 70 : 700);
  if (random.Chance(5)) {  // several tasks
    e.extent[0] = e.extent[1] = 1;
    e.extent[2] = random.Between(1, 2);
    e.extent[3] = random.Between(1, 3);
    e.length = random.Between(2000, 40000);
  }
  bool whole = random.Chance(50);  // blocks of a vector
  if (whole) e.length = (e.length + table.lanes - 1) / table.lanes * table.lanes;
  if (random.Chance(5)) {  // planes in blocks, which threads share by bands
    whole = true;
    const bool rows = random.Chance(50);
    const size_t blocks = random.Between(1, 12);
    e.height = random.Between(14, 40);
    e.extent[0] = e.extent[1] = 1;
    e.extent[2] = rows ? blocks : 1;
    e.extent[3] = rows ? e.height : blocks;
    e.length = random.Between(10, 40) * table.lanes * (rows ? 1 : e.height);
  }
  e.y_place = Spread(e, random);
  e.x_place = Repeating(e, random, whole ? table.lanes : 0);
  e.other_place = Repeating(e, random, whole ? table.lanes : 0);
  const size_t in_place = random.Chance(30) ? random.Between(1, 2) : 0;
  if (in_place == 1) e.x_place = e.y_place;
  if (in_place == 2 && !normalises && !alone) e.other_place = e.y_place;
  e.plane = normalises ? Reach(e, e.other_place, 1) + random.Below(3) : 0;

  const auto fill = [&](Guarded& from, size_t n) {
    float* p = from.Place(n, random.Chance(50));
    for (size_t i = 0; i < n; ++i) p[i] = AnyNumber(random);
    return p;
  };
  const size_t outputs = Reach(e, e.y_place, 1);
  float* y = fill(memory.y, outputs);
  e.y = y;
  e.x_size = Reach(e, e.x_place, 1);
  // The last vector of channels may be a whole one, or what is left of it.
  if (e.x_place.advance == Advance::kLanes) e.x_size += random.Below(table.lanes);
  e.x = in_place == 1 ? y : fill(memory.x, e.x_size);
  if (!alone) {
    e.other_size = Reach(e, e.other_place, normalises ? 3 : 1);
    if (e.other_place.advance == Advance::kLanes) e.other_size += random.Below(table.lanes);
    e.other = in_place == 2 && !normalises ? y : fill(memory.other, e.other_size);
  }

  const std::string what = std::string(table.isa) + " function " +
                           std::to_string(static_cast<int>(e.function)) + ", activation " +
                           std::to_string(static_cast<int>(e.activation.kind)) + ", rows of " +
                           std::to_string(e.length);
  size_t rows = 1;
  for (const size_t extent : e.extent) rows *= extent;
  std::vector<float> results(rows * e.length), want(y, y + outputs);
  std::vector<bool> known(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const size_t row = i / e.length, column = i % e.length;
    float b[3] = {};
    known[i] = true;
    for (size_t k = 0; !alone && k < (normalises ? 3 : 1); ++k) {
      const size_t at = k * e.plane + At(e, e.other_place, row, column, table.lanes);
      if (at < e.other_size) b[k] = e.other[at];
      else known[i] = false;  // lanes past the last channel
    }
    const size_t at = At(e, e.x_place, row, column, table.lanes);
    if (at >= e.x_size) known[i] = false;
    else results[i] = Apply(e.function, e.x[at], b);
  }
  std::vector<float> others;
  if (normalises)  // kept apart: in place, x is gone afterwards
    for (size_t i = 0; i < results.size(); ++i)
      for (size_t k = 0; k < 3; ++k) {
        const size_t at =
            k * e.plane + At(e, e.other_place, i / e.length, i % e.length, table.lanes);
        others.push_back(at < e.other_size ? e.other[at] : 0);
      }

  if (normalises) e.activation = {};
  RunElementwise(table, e, pool, random.Between(1, 4));
  Check(memory.x.Intact() && memory.other.Intact() && memory.y.Intact(), what + " wrote outside");
  const Epilogue epilogue(e.activation);
  if (!normalises) {
    for (float& v : results) {
      v = v < epilogue.low ? epilogue.low : v;
      v = v > epilogue.high ? epilogue.high : v;
    }
    if (epilogue.rows) table.activate_row(e.activation, 0, results.size(), results.data());
  }
  for (size_t i = 0; i < results.size(); ++i) {
    const size_t at = At(e, e.y_place, i / e.length, i % e.length, table.lanes);
    const bool right =
        normalises ? IsNormalised(y[at], results[i], &others[3 * i])
                   : (isnan(y[at]) && isnan(results[i])) || SameBits(&y[at], &results[i], 1);
    if (known[i] && !right)
      return Fail(what + ": element " + std::to_string(i) + " is " + std::to_string(y[at]) +
                  ", not " + std::to_string(results[i]));
    want[at] = y[at];
  }
  Check(SameBits(y, want.data(), outputs), what + " wrote between rows");
}

}  // namespace

void TestElementwise(const Options& options) {
  Memory memory;
  ThreadPool pool(3);
  for (const KernelTable* table : TestedTables(options))
    ForEachConfiguration(options, [&](Random& random) { Run(*table, pool, random, memory); });
}

}  // namespace convfuse::test
