#include "test/random_conv.h"

#include <math.h>

#include <vector>

#include "kernels/reference.h"
#include "ops/epilogue.h"

namespace convfuse::test {
namespace {

// Whether the result is a number that was given, or a product of two: it is rounded once at most.
bool IsPiecewiseLinear(ActivationKind kind) { return kind <= ActivationKind::kClip; }

constexpr double u = 0x1p-24;

constexpr size_t kMostOutputs = 150;  // 3 groups of 50

std::string Triple(const char* name, const size_t (&v)[3]) {
  return std::string(" ") + name + " " + std::to_string(v[0]) + "x" + std::to_string(v[1]) + "x" +
         std::to_string(v[2]);
}

// Output size of a convolution with some padding at the end; may be zero.
size_t OutSize(const ConvGeometry& g, int a, size_t in, size_t pad_begin, size_t pad_end) {
  const size_t reach = (g.kernel[a] - 1) * g.dilation[a] + 1;
  if (g.transposed) {
    const size_t full = in == 0 ? 0 : (in - 1) * g.stride[a] + reach;
    return full > pad_begin + pad_end ? full - pad_begin - pad_end : 0;
  }
  const size_t padded = in + pad_begin + pad_end;
  return padded < reach ? 0 : (padded - reach) / g.stride[a] + 1;
}

const std::vector<float>& Slopes() {
  static const std::vector<float> slopes = [] {
    std::vector<float> v(kMostOutputs);
    for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(i % 5) * 0.5f - 1;
    return v;
  }();
  return slopes;
}

Activation DrawActivation(Random& r, size_t channels) {
  using K = ActivationKind;
  // Half of the time one that a clamp in registers computes.
  const K clamps[] = {K::kIdentity, K::kRelu, K::kRelu6};
  Activation a;
  a.kind = r.Chance(50) ? clamps[r.Below(3)]
                        : static_cast<K>(r.Below(static_cast<size_t>(K::kCount)));
  a.alpha = a.kind == K::kClip ? -5.0f : 0.25f;
  a.beta = a.kind == K::kHardSigmoid ? 0.5f : r.Chance(20) ? -7.0f : 9.0f;
  if (a.kind == K::kPrelu) {
    a.slope = Slopes().data();
    a.slopes = r.Chance(50) ? 1 : channels;
  }
  // Whole numbers stay exact.
  if (r.Chance(15)) a.scale = r.Chance(50) ? 2.0f : -0.5f, a.shift = r.Chance(50) ? -3.0f : 1.0f;
  if (r.Chance(10)) a.low = -4, a.high = r.Chance(20) ? -6.0f : 5.0f;
  return a;
}

}  // namespace

std::string Describe(const Config& c) {
  const ConvGeometry& g = c.geometry;
  return (g.transposed ? "transposed" : "conv") + std::string(" n ") +
         std::to_string(c.shape.batch) + " c " + std::to_string(g.channels_in) + " m " +
         std::to_string(g.channels_out) + " groups " + std::to_string(g.groups) +
         Triple("in", c.shape.in) + Triple("out", c.shape.out) + Triple("k", g.kernel) +
         Triple("s", g.stride) + Triple("d", g.dilation) + Triple("p", c.shape.pad_begin) +
         " activation " + std::to_string(static_cast<int>(c.activation.kind)) + " residual " +
         std::to_string(c.residual) + (c.streams ? " streams" : "") + " data " +
         std::to_string(static_cast<int>(c.data)) + " precision " +
         std::to_string(static_cast<int>(c.precision));
}

Config DrawConfig(Random& r) {
  Config c = {};
  ConvGeometry& g = c.geometry;
  const size_t rank = r.Chance(70) ? 2 : r.Chance(50) ? 1 : 3;
  g.transposed = r.Chance(20);
  const bool depthwise = r.Chance(20);
  const bool pointwise = !depthwise && r.Chance(25);
  // Groups that share a block of channels, or are one or more.
  const bool even = !depthwise && r.Chance(6);
  g.groups = depthwise ? r.Between(1, r.Chance(70) ? 20 : 50) : r.Chance(20) ? r.Between(2, 3) : 1;
  size_t cg = depthwise ? 1 : r.Chance(3) ? 0 : r.Chance(15) ? r.Between(33, 70) : r.Between(1, 18);
  size_t mg = depthwise      ? (r.Chance(70) ? 1 : 2)
              : r.Chance(20) ? r.Between(24, g.groups == 1 ? 100 : 50)
                             : r.Between(1, 18);
  if (even) {
    cg = size_t{2} << r.Below(5);
    mg = cg >= 16 && r.Chance(20) ? 2 * cg : cg;
    g.groups = r.Between(2, std::max<size_t>(2, 128 / mg));
  }
  c.shape.batch = r.Chance(3) ? 0 : r.Between(1, 3);
  // Planes of whole pages take a way out of their own (ops/output_store.cc).
  const bool paged = rank == 2 && r.Chance(8);
  // Planes so large that one is divided among threads.
  const bool large = rank == 2 && !paged && r.Chance(depthwise ? 6 : 1);
  if (large) {
    c.shape.batch = 1;
    g.groups = depthwise ? r.Between(1, 3) : 1;
    mg = depthwise ? 1 : r.Between(1, 3);
  }
  for (int a = 3 - static_cast<int>(rank); a < 3; ++a) {
    g.kernel[a] = pointwise                      ? 1
                  : paged || large || r.Chance(50) ? 3
                                                   : r.Between(1, rank == 3 ? 3 : 7);
    g.stride[a] = paged || large || r.Chance(60) ? 1 : r.Between(1, 3);
    g.dilation[a] = paged || r.Chance(80) ? 1 : r.Between(1, 3);
    const size_t most_in = rank == 1 ? 120 : rank == 2 ? 20 : 6;
    c.shape.in[a] = paged         ? 32
                    : large       ? r.Between(129, 140)
                    : r.Chance(2) ? 0
                                  : r.Between(1, most_in);
    // Rows of the kernel that lie in the pads alone.
    if (g.kernel[a] <= 3 && !paged && !large && r.Chance(10)) g.dilation[a] = r.Between(4, 8);
    const bool same = paged || large || r.Chance(50);
    const size_t reach = (g.kernel[a] - 1) * g.dilation[a], most = g.kernel[a] * g.dilation[a];
    c.shape.pad_begin[a] = same ? (reach + 1) / 2 : r.Below(most + 1);
    const size_t pad_end = same ? reach / 2 : r.Below(most + 1);
    c.shape.out[a] = OutSize(g, a, c.shape.in[a], c.shape.pad_begin[a], pad_end);
    if (g.transposed && c.shape.out[a] > 0) c.shape.out[a] += r.Below(g.stride[a]);
  }
  // Keep the oracle affordable.
  const auto products = [&] { return Volume(c.shape.out) * Volume(g.kernel) * cg * mg * g.groups; };
  constexpr size_t kMost = 400000;
  while (even && g.groups > 2 && products() > kMost) g.groups /= 2;
  while (cg > 1 && products() > kMost) cg /= 2;
  // Transposed ones grow: outputs fit the buffers of conv_test.cc.
  for (size_t* channels : {&mg, &g.groups})
    while (*channels > 1 && Volume(c.shape.out) * mg * g.groups > 400000) *channels /= 2;
  g.channels_in = cg * g.groups;
  g.channels_out = mg * g.groups;
  c.activation = DrawActivation(r, g.channels_out);
  c.precision = static_cast<Precision>(r.Below(4));
  const size_t dice = r.Below(100);
  c.data = dice < 55 ? Data::kIntegers : dice < 80 ? Data::kReals
           : dice < 92 ? Data::kSpecialInput : Data::kSpecialWeights;
  c.bias = r.Chance(70);
  c.residual = r.Chance(50) ? 0 : r.Chance(50) ? 1 : 2;
  c.at_end = r.Chance(50);
  c.streams = r.Chance(50);
  return c;
}


namespace {

double KindBound(const Activation& a, double error, double result) {
  if (IsPiecewiseLinear(a.kind)) return error > 0 ? error + u * fabs(result) : 0;
  // Slopes are 1.5 for hard-swish and less for the others.  Ulps are of up to 2 u; the last term is
  // for the sum of hard-sigmoid, and for subnormal results.
  const double sum = a.kind == ActivationKind::kHardSigmoid ? 2 * u : 0x1p-146;
  return 1.5 * error + 6.5 * 2 * u * fabs(result) + sum;
}

}  // namespace

double ActivationBound(const Activation& a, size_t channel, double error, double x) {
  const double y = reference::ActivateKind(a, channel, x);
  const double bound = fabs(a.scale) * KindBound(a, error, y);
  if (!HasTail(a) || bound == 0) return bound;
  return bound + u * (fabs(a.scale * y) + fabs(a.shift));
}

}  // namespace convfuse::test
