// Convolutions of random geometry against double loops, on every ISA: exact on integers, within the
// dot-product bound on reals, NaN and infinity exactly where the definition has them.
#include <math.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "kernels/reference.h"
#include "ops/algorithms.h"
#include "ops/choose.h"
#include "ops/conv.h"
#include "ops/integers.h"
#include "test/arrange.h"
#include "test/guarded.h"
#include "test/random_conv.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

void Fill(float* p, size_t n, Data data, Random& r) {
  for (size_t i = 0; i < n; ++i) p[i] = data == Data::kReals ? r.Real() : r.Integer(3);
}

void Spoil(float* p, size_t n, Random& r) {
  const float values[] = {NAN, INFINITY, -INFINITY};
  if (n > 0) p[r.Below(n)] = values[r.Below(3)];
}

unsigned ControlWord() {
#if defined(__x86_64__)
  return _mm_getcsr() & ~0x3Fu;  // modes and masks, without the sticky flags
#else
  return 0;
#endif
}

struct Memory {
  Guarded x{1 << 20}, weight{1 << 19}, bias{1 << 12}, residual{1 << 21}, out{1 << 21},
      workspace{1 << 22};
  // One channel takes a whole vector, and halos come on top.
  Guarded blocked_x{1 << 24}, blocked_residual{1 << 24}, blocked_out{1 << 24};
};

// Largest error of a sum: of its products and additions, and with bfloat16 of rounding both factors
// to 8 significant bits, 2^-8 each.
double SumBound(const Config& c, AlgorithmKind kind, double mass) {
  const double u = 0x1p-24;
  const double k = static_cast<double>(c.geometry.channels_in / c.geometry.groups *
                                       Volume(c.geometry.kernel)) + 3;
  return (k * u / (1 - k * u) + (MultipliesBf16(kind) ? 0x1.01p-7 : 0)) * mass;
}

// Winograd's elements are sums over whole tiles: bounded by the largest data, times the row sums of
// |A^T|, |B^T| and |G| (squared, for two dimensions).  winograd_test.cc is much tighter.
double WinogradBound(const Config& c, AlgorithmKind kind) {
  const double growth = kind == AlgorithmKind::kWinogradF2        ? 3 * 2 * 1.5
                        : kind == AlgorithmKind::kWinogradStride2 ? 3 * 2 * 2
                                                                  : 8.6 * 5.1 * 1.9;
  const double products = c.data == Data::kReals ? 1 : 9;
  const double channels = static_cast<double>(c.geometry.channels_in / c.geometry.groups);
  const double phases = kind == AlgorithmKind::kWinogradPolyphase ? 4 : 1;
  return 0x1p-24 * (phases * channels + 12) * (phases * channels * growth * growth + 2) * products;
}

// Whether the algorithm computes sums of small whole numbers without rounding.
bool IsExact(const Config& c, AlgorithmKind kind) {
  return c.data != Data::kReals && kind != AlgorithmKind::kWinogradF4 &&
         kind != AlgorithmKind::kWinogradPolyphase;
}

void CheckValues(const Config& c, AlgorithmKind kind, const reference::Sums& sums, const float* out,
                 const std::string& name) {
  const size_t plane = Volume(c.shape.out);
  for (size_t i = 0; i < sums.value.size(); ++i) {
    const size_t channel = i / plane % c.geometry.channels_out;
    const double want = reference::Activate(c.activation, channel, sums.value[i]);
    const double got = out[i];
    const bool same = got == want || (isnan(got) && isnan(want));
    const double error = IsExact(c, kind)   ? 0
                         : IsWinograd(kind) ? WinogradBound(c, kind)
                                            : SumBound(c, kind, sums.mass[i]);
    const double bound = ActivationBound(c.activation, channel, error, sums.value[i]);
    if (!same && !(fabs(got - want) <= bound))
      return Fail(name + " at " + std::to_string(i) + ": expected " + std::to_string(want) +
                  ", received " + std::to_string(got));
  }
}

// The chosen algorithm, through Conv, as callers use it.
void CheckPlan(const Config& c, AlgorithmKind kind, const ConvOptions& options, ThreadPool& pool,
               Memory& memory, const reference::Sums& sums) {
  float* out = memory.out.data();
  const float* bias = c.bias ? memory.bias.data() : nullptr;
  const auto conv = Conv::Create(c.geometry, memory.weight.data(), bias, options);
  const auto plan = conv->Prepare(c.shape, 2);
  const std::string name = conv->Describe(*plan) + ": " + Describe(c);
  std::fill(out, out + memory.out.size(), NAN);
  const float* residual = c.residual ? memory.residual.data() : nullptr;
  Check(conv->Run(*plan, memory.x.data(), residual, out, pool, 2, nullptr), name + " finished");
  CheckValues(c, kind, sums, out, name);
  const std::atomic<bool> cancel{true};
  Check(!conv->Run(*plan, memory.x.data(), residual, out, pool, 2, &cancel), name + " stopped");
}

void CheckRefusal(const Config& c, ConvOptions options, const Memory& memory) {
  options.precision = Precision::kBfloat16;
  try {
    Conv::Create(c.geometry, memory.weight.data(), nullptr, options);
  } catch (const std::invalid_argument& e) {
    return Check(strstr(e.what(), options.table->isa) != nullptr, "the refusal names the ISA");
  }
  Fail("bfloat16 is refused where it is missing");
}

Layout DrawLayout(Random& r, bool tight) {
  if (tight) return {true, 0, 0, 0, 0};
  return {true, r.Below(3), r.Below(3), r.Below(3), r.Below(3)};
}

// A halo that mostly holds what the layer reads, and sometimes does not.
Layout DrawHalo(const Config& c, Random& r, bool tight) {
  Layout l;
  l.blocked = true;
  const bool enough = r.Chance(85);
  const auto begin = [&](int a) {
    return enough ? c.shape.pad_begin[a] + (tight ? 0 : r.Below(2)) : r.Below(3);
  };
  const auto end = [&](int a) {
    const ConvGeometry& g = c.geometry;
    const size_t reads = (c.shape.out[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a] + 1;
    const size_t has = c.shape.pad_begin[a] + c.shape.in[a];
    return (tight ? 0 : r.Below(5)) + (enough && reads > has ? reads - has : 0);
  };
  l.top = begin(1), l.left = begin(2), l.bottom = end(1), l.right = end(2);
  return l;
}

// The same layer with activations in blocks: every algorithm that fits, and the one that is chosen.
void CheckBlocked(const KernelTable& table, ThreadPool& pool, const Config& c,
                  const ConvOptions& options, const std::shared_ptr<const ConvLayer>& layer,
                  PreparedWeights* prepared, const reference::Sums& sums, Random& r,
                  Memory& memory) {
  ConvShape shape = c.shape;
  if (shape.in[0] != 1 || shape.out[0] != 1 ||
      shape.batch * Volume(shape.out) * Volume(shape.in) == 0)
    return;
  const ReorderShape in = {shape.batch, c.geometry.channels_in, shape.in[1], shape.in[2]};
  const ReorderShape out = {shape.batch, c.geometry.channels_out, shape.out[1], shape.out[2]};
  const bool tight = r.Chance(40);  // rows without halos follow one another
  if (r.Chance(80)) shape.x_layout = DrawHalo(c, r, tight);
  if (r.Chance(80)) shape.out_layout = DrawLayout(r, tight);
  shape.residual_layout = shape.out_layout;
  // A residual apart has a halo of its own, and now and then the other layout.
  if (c.residual == 1) {
    if (r.Chance(20)) shape.residual_layout.blocked = !shape.out_layout.blocked;
    shape.residual_layout = shape.residual_layout.blocked ? DrawLayout(r, r.Chance(30)) : Layout();
  }
  const float* x =
      Arrange(table, shape.x_layout, in, memory.x.data(), memory.blocked_x, c.at_end, 0, NAN);
  std::vector<float> dense, first;
  const auto check = [&](AlgorithmKind kind, const std::string& name, const auto& run) {
    const std::vector<float> canary(sums.value.size(), kCanary);
    float* to = Arrange(table, shape.out_layout, out,
                        c.residual == 2 ? memory.residual.data() : canary.data(),
                        memory.blocked_out, c.at_end, kCanary, NAN);
    const float* residual = c.residual == 0 ? nullptr
                            : c.residual == 2
                                ? to
                                : Arrange(table, shape.residual_layout, out, memory.residual.data(),
                                          memory.blocked_residual, c.at_end, NAN, NAN);
    run(residual, to);
    const std::string what = name + " in layouts " + std::to_string(shape.x_layout.blocked) +
                             std::to_string(shape.residual_layout.blocked) +
                             std::to_string(shape.out_layout.blocked) + ": " + Describe(c);
    Check(memory.blocked_out.Intact(), what + " stays inside its output");
    Check(IsArranged(table, shape.out_layout, out, to, kCanary, &dense),
          what + " leaves halos alone");
    CheckValues(c, kind, sums, dense.data(), what);
  };
  for (int kind = 0; kind < static_cast<int>(AlgorithmKind::kCount); ++kind) {
    const auto k = static_cast<AlgorithmKind>(kind);
    if (!Fits(k, *layer, shape)) continue;
    for (size_t threads : {size_t{1}, size_t{2}, size_t{8}}) {
      const auto algorithm = MakeAlgorithm(k, layer, shape, threads, prepared);
      const size_t floats = algorithm->WorkspaceFloats(threads);
      float* workspace = memory.workspace.Place(RoundUp(floats, 16), true);
      const std::string name = std::string(table.isa) + " " + algorithm->Name();
      check(k, name, [&](const float* residual, float* to) {
        algorithm->Run({x, residual, to, workspace, &pool, threads, nullptr});
      });
      Check(memory.workspace.Intact(), name + " stays inside its workspace: " + Describe(c));
      if (threads == 1) first = dense;
      Check(SameBits(table, first.data(), dense.data(), first.size()),
            name + " same bits for any threads");
    }
  }
  const float* bias = c.bias ? memory.bias.data() : nullptr;
  const auto conv = Conv::Create(c.geometry, memory.weight.data(), bias, options);
  const auto plan = conv->Prepare(shape, 2);
  check(Choose(*layer, shape).kind, std::string(table.isa) + " " + conv->Describe(*plan),
        [&](const float* residual, float* to) {
          Check(conv->Run(*plan, x, residual, to, pool, 2, nullptr), "finished");
        });
}

void CheckConfig(const KernelTable& table, ThreadPool& pool, const Config& c, Random& r,
                 Memory& memory) {
  const ConvGeometry& g = c.geometry;
  const size_t ins = c.shape.batch * g.channels_in * Volume(c.shape.in);
  const size_t outs = c.shape.batch * g.channels_out * Volume(c.shape.out);
  const size_t weights = g.channels_in / g.groups * g.channels_out * Volume(g.kernel);
  float* x = memory.x.Place(ins, c.at_end);
  float* w = memory.weight.Place(weights, c.at_end);
  float* bias = c.bias ? memory.bias.Place(g.channels_out, c.at_end) : nullptr;
  float* out = memory.out.Place(outs, c.at_end);
  float* residual = c.residual ? memory.residual.Place(outs, c.at_end) : nullptr;
  Fill(x, ins, c.data, r);
  Fill(w, weights, c.data, r);
  if (bias) Fill(bias, g.channels_out, c.data, r);
  if (residual) Fill(residual, outs, c.data, r);
  if (c.data == Data::kSpecialInput) Spoil(x, ins, r);
  if (c.data == Data::kSpecialWeights) Spoil(w, weights, r);

  ConvOptions options;
  options.table = &table;
  options.precision = c.precision;
  if (c.precision == Precision::kBfloat16 && !table.blocked_tile_bf16) {
    CheckRefusal(c, options, memory);
    options.precision = Precision::kDefault;
  }
  // Winograd spreads a NaN within its tiles: only strict has them exactly where they belong.
  if (c.data == Data::kSpecialInput) options.precision = Precision::kStrict;
  options.activation = c.activation;
  if (c.streams) options.streamed_bytes = 0;
  const reference::Sums sums = reference::Conv(g, c.shape, x, w, bias, residual);
  const auto layer = MakeLayer(g, w, bias, options);
  PreparedWeights prepared;
  for (int kind = 0; kind < static_cast<int>(AlgorithmKind::kCount); ++kind) {
    const auto k = static_cast<AlgorithmKind>(kind);
    if (!Fits(k, *layer, c.shape)) continue;
    std::vector<float> first;
    std::string name;
    const unsigned control = ControlWord();
    for (size_t threads : {size_t{1}, size_t{2 + r.Below(2)}, size_t{8}}) {
      const auto algorithm = MakeAlgorithm(k, layer, c.shape, threads, &prepared);
      name = std::string(table.isa) + " " + algorithm->Name() + ": " + Describe(c);
      const size_t floats = algorithm->WorkspaceFloats(threads);
      ConvRun run = {x, residual, out, memory.workspace.Place(RoundUp(floats, 16), true),
                     &pool, threads, nullptr};
      std::fill(out, out + outs, NAN);
      if (c.residual == 2) {
        std::copy(residual, residual + outs, out);
        run.residual = out;
      }
      algorithm->Run(run);
      Check(memory.workspace.Intact(), name + " stays inside its workspace");
      if (threads == 1) first.assign(out, out + outs);
      Check(SameBits(table, first.data(), out, outs), name + " same bits for any threads");
    }
    Check(ControlWord() == control, name + " leaves the rounding mode alone");
    Check(memory.out.Intact() && memory.x.Intact(), name + " stays inside its buffers");
    CheckValues(c, k, sums, out, name);
  }
  CheckPlan(c, Choose(*layer, c.shape).kind, options, pool, memory, sums);
  CheckBlocked(table, pool, c, options, layer, &prepared, sums, r, memory);
}

}  // namespace

void TestConv(const Options& options) {
  ThreadPool pool(2);
  Memory memory;
  ForEachConfiguration(options, [&](Random& random) {
    const Config config = DrawConfig(random);
    for (const KernelTable* table : TestedTables(options)) {
      Random same = random;  // the same data for each ISA
      CheckConfig(*table, pool, config, same, memory);
    }
  });
}

}  // namespace convfuse::test
