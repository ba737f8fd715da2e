// The depthwise kernel of every ISA against plain loops in double: exact on integers, within the
// dot-product bound elsewhere.  Inputs lie between guards of NaN and the outputs between canaries,
// so that a read or a write outside a plane shows.
#include <math.h>

#include <limits>
#include <vector>

#include "kernels/table.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr size_t kGuard = 64;
constexpr float kCanary = 12345.5f;
const Activation kLeaky = {ActivationKind::kLeakyRelu, 0.25f};

struct Problem {
  DepthwiseShape shape;
  float low, high;
  bool leaky;
  size_t channels;
  bool residual, in_place, integers;
};

size_t Volume(const size_t (&size)[3]) { return size[0] * size[1] * size[2]; }

std::string Describe(const KernelTable& table, const Problem& p) {
  std::string s = std::string(table.isa) + " depthwise";
  const auto print = [&](const char* name, const size_t (&v)[3]) {
    s += std::string(" ") + name;
    for (size_t i : v) s += " " + std::to_string(i);
  };
  print("in", p.shape.in), print("out", p.shape.out), print("kernel", p.shape.kernel);
  print("stride", p.shape.stride), print("dilation", p.shape.dilation), print("pad", p.shape.pad);
  return s + " channels " + std::to_string(p.channels) + (p.residual ? " residual" : "") +
         (p.in_place ? " in place" : "");
}

// Sum and sum of magnitudes at output (z, y, x) of a channel.
void Reference(const DepthwiseShape& s, const float* x, const float* w, size_t z, size_t y,
               size_t ox, double* sum, double* mass) {
  for (size_t kz = 0; kz < s.kernel[0]; ++kz)
    for (size_t ky = 0; ky < s.kernel[1]; ++ky)
      for (size_t kx = 0; kx < s.kernel[2]; ++kx) {
        const size_t iz = z * s.stride[0] + kz * s.dilation[0] - s.pad[0];
        const size_t iy = y * s.stride[1] + ky * s.dilation[1] - s.pad[1];
        const size_t ix = ox * s.stride[2] + kx * s.dilation[2] - s.pad[2];
        if (iz >= s.in[0] || iy >= s.in[1] || ix >= s.in[2]) continue;
        const double product = static_cast<double>(x[(iz * s.in[1] + iy) * s.in[2] + ix]) *
                               w[(kz * s.kernel[1] + ky) * s.kernel[2] + kx];
        *sum += product, *mass += fabs(product);
      }
}

void Run(const KernelTable& table, const Problem& p, Random& random) {
  const DepthwiseShape& s = p.shape;
  const size_t in = Volume(s.in), out = Volume(s.out), taps = Volume(s.kernel);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto number = [&] { return p.integers ? random.Integer(8) : random.Real(); };
  std::vector<float> x(in * p.channels + 2 * kGuard, nan), w(taps * p.channels), bias(p.channels);
  std::vector<float> add(out * p.channels + 2 * kGuard, nan);
  std::vector<float> y(out * p.channels + 2 * kGuard, kCanary);
  for (size_t i = 0; i < in * p.channels; ++i) x[kGuard + i] = number();
  for (size_t i = 0; i < out * p.channels; ++i) add[kGuard + i] = number();
  for (float& v : w) v = number();
  for (float& v : bias) v = number();
  const std::vector<float> residual = add;
  float* to = p.in_place ? add.data() : y.data();
  std::vector<DepthwiseChannel> channels(p.channels);
  for (size_t c = 0; c < p.channels; ++c)
    channels[c] = {x.data() + kGuard + c * in, w.data() + c * taps,
                   p.residual ? add.data() + kGuard + c * out : nullptr, to + kGuard + c * out,
                   bias[c], c};
  const DepthwiseEpilogue epilogue = {p.low, p.high, p.leaky ? &kLeaky : nullptr};
  table.depthwise(s, epilogue, channels.data(), p.channels);

  for (size_t i = 0; i < kGuard && !p.in_place; ++i)
    Check(y[i] == kCanary && y[y.size() - 1 - i] == kCanary, Describe(table, p) + " wrote outside");
  for (size_t c = 0; c < p.channels; ++c)
    for (size_t i = 0; i < out; ++i) {
      double sum = bias[c], mass = fabs(sum);
      Reference(s, x.data() + kGuard + c * in, w.data() + c * taps, i / (s.out[1] * s.out[2]),
                i / s.out[2] % s.out[1], i % s.out[2], &sum, &mass);
      if (p.residual) {
        const double r = residual[kGuard + c * out + i];
        sum += r, mass += fabs(r);
      }
      const double u = 0x1p-24, terms = static_cast<double>(taps) + 3;
      const double bound = p.integers ? 0 : mass * terms * u / (1 - terms * u);
      if (p.leaky) sum = sum < 0 ? 0.25 * sum : sum;
      sum = fmin(fmax(sum, p.low), p.high);
      if (!(fabs(to[kGuard + c * out + i] - sum) <= bound)) {
        Fail(Describe(table, p) + ": element " + std::to_string(i) + " of channel " +
             std::to_string(c) + " is " + std::to_string(to[kGuard + c * out + i]) + ", not " +
             std::to_string(sum));
        return;
      }
    }
}

Problem RandomProblem(Random& random) {
  Problem p = {};
  DepthwiseShape& s = p.shape;
  const bool square = random.Chance(70), deep = random.Chance(15);
  const size_t size = 1 + 2 * random.Below(4), stride = random.Between(1, 3);
  for (int a = 0; a < 3; ++a) {
    const bool used = a > 0 || deep;
    s.kernel[a] = !used ? 1 : square ? size : random.Between(1, 8);
    s.stride[a] = !used ? 1 : square ? stride : random.Between(1, 4);
    s.dilation[a] = !used || square ? 1 : random.Between(1, 3);
    s.pad[a] = !used ? 0 : random.Chance(60) ? s.kernel[a] / 2 : random.Below(s.kernel[a]);
    const size_t reach = (s.kernel[a] - 1) * s.dilation[a] + 1;
    s.in[a] = used ? random.Between(1, deep ? 12 : 40) : 1;
    const size_t pad_end = used ? random.Below(s.kernel[a] + 1) : 0;
    const size_t padded = s.in[a] + s.pad[a] + pad_end;
    s.out[a] = padded < reach ? 0 : (padded - reach) / s.stride[a] + 1;
  }
  p.channels = random.Between(1, 5);
  p.residual = random.Chance(40);
  p.in_place = p.residual && random.Chance(50);
  p.integers = random.Chance(50);
  const float infinity = std::numeric_limits<float>::infinity();
  p.low = -infinity, p.high = infinity;
  if (random.Chance(30)) p.low = 0;
  if (random.Chance(20)) p.high = 6;
  if (p.low == -infinity && random.Chance(30))
    p.leaky = true, p.high = infinity;
  return p;
}

// Widths around every boundary between the ways to form a vector, for each fixed kernel.
void RunWidths(const KernelTable& table, Random& random) {
  for (size_t size : {3, 5, 7})
    for (size_t stride : {1, 2})
      for (size_t width = 1; width <= 3 * table.lanes + 2; ++width) {
        Problem p = {};
        const size_t pad = size / 2, height = 1 + (width + size) % 17;
        const size_t out_height = (height - 1) / stride + 1, out_width = (width - 1) / stride + 1;
        p.shape = {{1, height, width}, {1, out_height, out_width}, {1, size, size},
                   {1, stride, stride}, {1, 1, 1}, {0, pad, pad}};
        p.channels = 3;
        p.integers = true;
        p.low = 0, p.high = std::numeric_limits<float>::infinity();
        Run(table, p, random);
      }
}

// Planes with more rows than a band (kBandRows), in place and out of place.
void RunHeights(const KernelTable& table, Random& random) {
  for (size_t stride : {1, 2})
    for (size_t rows : {55, 56, 57, 112, 113, 130})
      for (size_t width : {size_t{5}, table.lanes - 1, 2 * table.lanes + 3, 3 * table.lanes}) {
        Problem p = {};
        const size_t pad = rows % 2, height = (rows - 1) * stride + 3 - 2 * pad;
        p.shape = {{1, height, width}, {1, rows, (width - 1) / stride + 1}, {1, 3, 3},
                   {1, stride, stride}, {1, 1, 1}, {0, pad, 1}};
        p.channels = 3;
        p.integers = true;
        p.residual = random.Chance(50), p.in_place = p.residual && random.Chance(50);
        p.leaky = random.Chance(50);
        p.low = -std::numeric_limits<float>::infinity(), p.high = -p.low;
        Run(table, p, random);
      }
}

}  // namespace

void TestDepthwise(const Options& options) {
  for (const KernelTable* table : TestedTables(options)) {
    Random widths(options.seed);
    RunWidths(*table, widths);
    RunHeights(*table, widths);
    ForEachConfiguration(options,
                         [&](Random& random) { Run(*table, RandomProblem(random), random); });
  }
}

}  // namespace convfuse::test
