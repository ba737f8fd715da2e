// The conversion of floats to pairs of bfloat16 numbers, on every table that multiplies them:
// rounded to the nearest, ties to even, in the order of channels, zeros for those that are missing.
#include <math.h>
#include <string.h>

#include <vector>

#include "test/guarded.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

uint32_t BitsOf(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

float FloatOf(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// Any bits, with ties between two bfloat16 numbers, NaN and infinity more often than by chance.
float Draw(Random& r) {
  const uint32_t bits = static_cast<uint32_t>(r.Next() >> 32);
  if (r.Chance(30)) return FloatOf((bits & 0xFFFF0000) | 0x8000);
  if (r.Chance(5)) return r.Chance(50) ? NAN : -INFINITY;
  return FloatOf(bits);
}

// Subnormal numbers may become zeros: the products take them for zeros.
bool IsRounded(uint32_t half, float x) {
  if (isnan(x)) return isnan(FloatOf(half << 16));
  if (fabsf(x) < 0x1p-126f && (half & 0x7FFF) == 0) return true;
  const double got = FloatOf(half << 16);
  if (isinf(x)) return got == double{x};
  // The distance to the next bfloat16 number, or to what would follow the largest one.
  const double gap = fabs(double{FloatOf((BitsOf(x) & 0x7F800000) | 0x10000)} -
                          double{FloatOf(BitsOf(x) & 0x7F800000)});
  if (isinf(got)) return fabs(double{x}) >= 0x1.FFp127;
  const double error = fabs(got - double{x});
  return error < gap / 2 || (error == gap / 2 && half % 2 == 0);
}

void CheckHalves(const KernelTable& table, const char* what, const float* pair, float low,
                 float high) {
  const uint32_t bits = BitsOf(*pair);
  if (IsRounded(bits & 0xFFFF, low) && IsRounded(bits >> 16, high)) return;
  char text[160];
  snprintf(text, sizeof text, "%s %s: %a and %a became %08x", table.isa, what, double{low},
           double{high}, bits);
  Fail(text);
}

// Pairs from a block of channels, whose lanes past the last channel hold NaN.
void CheckPairCopy(const KernelTable& table, Random& r, Guarded& in, Guarded& out) {
  PairCopy c = {};
  c.rows = r.Between(1, 3);
  c.pixels = r.Between(1, 9);
  c.channels = r.Between(1, table.lanes);
  c.in_pixel = table.lanes * r.Between(1, 2);
  c.in_row = c.pixels * c.in_pixel + table.lanes * r.Below(2);
  c.out_row = c.pixels * table.lanes / 2;
  const size_t read = (c.rows - 1) * c.in_row + (c.pixels - 1) * c.in_pixel + table.lanes;
  float* x = in.Place(read, r.Chance(50));
  for (size_t i = 0; i < read; ++i) x[i] = i % table.lanes < c.channels ? Draw(r) : NAN;
  c.in = x;
  c.out = out.Place(c.rows * c.out_row, r.Chance(50));
  table.copy_pairs(c);
  Check(out.Intact(), "pairs stay inside their memory");
  for (size_t y = 0; y < c.rows; ++y)
    for (size_t p = 0; p < c.pixels; ++p)
      for (size_t l = 0; l < table.lanes; l += 2) {
        const float* pixel = x + y * c.in_row + p * c.in_pixel + l;
        CheckHalves(table, "pairs of a block", c.out + y * c.out_row + (p * table.lanes + l) / 2,
                    l < c.channels ? pixel[0] : 0, l + 1 < c.channels ? pixel[1] : 0);
      }
}

// Pairs from planes, as columns of a panel.
void CheckPairPanel(const KernelTable& table, Random& r, Guarded& in, Guarded& out) {
  const size_t channels = r.Between(1, 9), pixels = r.Between(1, table.nr);
  float* x = in.Place(channels * pixels, r.Chance(50));
  for (size_t i = 0; i < channels * pixels; ++i) x[i] = Draw(r);
  const PanelSource source = {x, {1, 1, pixels}, {1, 1, 1}, {1, 1, pixels}};
  const Tap tap = {};
  float* panel = out.Place((channels + 1) / 2 * table.nr, r.Chance(50));
  table.pack_panel_bf16(source, {&tap, 1, 0, channels}, 0, pixels, panel);
  Check(out.Intact(), "a panel of pairs stays inside its memory");
  for (size_t c = 0; c < channels; c += 2)
    for (size_t p = 0; p < pixels; ++p)
      CheckHalves(table, "a panel of pairs", panel + c / 2 * table.nr + p, x[c * pixels + p],
                  c + 1 < channels ? x[(c + 1) * pixels + p] : 0);
}

}  // namespace

void TestBf16(const Options& options) {
  Guarded in(1 << 14), out(1 << 14);
  size_t tables = 0;
  for (const KernelTable* table : TestedTables(options)) {
    if (!table->copy_pairs) continue;
    ++tables;
    ForEachConfiguration(options, [&](Random& random) {
      CheckPairCopy(*table, random, in, out);
      CheckPairPanel(*table, random, in, out);
    });
  }
  if (tables < 2 && options.isa.empty())
    printf("no products of bfloat16 numbers on this CPU: only emulated ones are tested\n");
}

}  // namespace convfuse::test
