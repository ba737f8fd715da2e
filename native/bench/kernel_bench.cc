// Times every algorithm on the layers of bench/shapes/layers.json, as a fraction of the FMA peak
// that is measured around each run.  Results are first checked against double sums; the exit code
// is 1 if one errs by more than the limit of its precision (docs/numerics.md).
//
//   kernel_bench [--layers FILE] [--batch N] [--threads T]
//                [--precision strict|default|fast|bfloat16] [--isa NAME] [--only PART-OF-NAME]
//                [--rounds R] [--chosen] [--blocked] [--planes]
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/layers.h"
#include "kernels/reference.h"
#include "ops/algorithms.h"
#include "ops/choose.h"
#include "ops/reorder.h"
#include "ops/workspace.h"

namespace convfuse {
namespace baseline {
double FmaPeakFlops(size_t rounds, float* sink);
}
namespace avx2 {
double FmaPeakFlops(size_t rounds, float* sink);
}
namespace avx512 {
double FmaPeakFlops(size_t rounds, float* sink);
}
namespace neon {
double FmaPeakFlops(size_t rounds, float* sink);
}

namespace bench {
namespace {

// Largest relative L2 error of a layer, as docs/numerics.md states it.
struct PrecisionMode {
  const char* name;
  Precision precision;
  double most_error;
};
constexpr PrecisionMode kModes[] = {{"strict", Precision::kStrict, 4e-7},
                                    {"default", Precision::kDefault, 1e-6},
                                    {"fast", Precision::kFast, 4e-6},
                                    {"bfloat16", Precision::kBfloat16, 5e-3}};

struct Arguments {
  std::string layers = "bench/shapes/layers.json", only;
  const PrecisionMode* mode = &kModes[0];
  size_t batch = 1, threads = 1, rounds = 31;
  const KernelTable* table = SelectKernelTable(nullptr);
  bool chosen = false;
  bool blocked = false;  // input and output in blocks
  bool planes = false;   // output as dense planes, even with `blocked`
};

// One thread is timed by the CPU time it used, so that other work on the machine counts less.
double Now(bool one_thread) {
  timespec t;
  clock_gettime(one_thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double Median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// GFLOP/s of one thread.
double Peak(const KernelTable& table) {
  static float sink[64] = {0.5f, 0.25f};
  double (*run)(size_t, float*) = baseline::FmaPeakFlops;
#if defined(__x86_64__)
  if (!strcmp(table.isa, "avx2")) run = avx2::FmaPeakFlops;
  if (!strcmp(table.isa, "avx512")) run = avx512::FmaPeakFlops;
#elif defined(__aarch64__)
  if (!strcmp(table.isa, "neon")) run = neon::FmaPeakFlops;
#endif
  const double start = Now(true);
  const double flops = run(20000, sink);
  sink[0] = 0.5f;
  sink[1] = 0.25f;
  return flops / (Now(true) - start) / 1e9;
}

// GB/s of one thread: a = b + s * c over memory far beyond the caches, counting all three arrays.
double Triad() {
  constexpr size_t kFloats = size_t{16} << 20;
  static std::vector<float> a(kFloats), b(kFloats, 1.0f), c(kFloats, 2.0f);
  double best = 0;
  for (int run = 0; run < 5; ++run) {
    const double start = Now(true);
    for (size_t i = 0; i < kFloats; ++i) a[i] = b[i] + 0.5f * c[i];
    best = std::max(best, 3.0 * sizeof(float) * kFloats / (Now(true) - start) / 1e9);
  }
  return best;
}

// Relative L2 distance of a sample of outputs from double sums, after ReLU.
double ErrorOf(const ConvLayer& layer, const ConvShape& s, const std::vector<float>& x,
               const float* out) {
  const ConvGeometry& g = layer.geometry;
  const size_t oh = s.out[1], ow = s.out[2], cg = layer.GroupIn(), mg = layer.GroupOut();
  double error = 0, norm = 0;
  for (size_t i = 0; i < 2000; ++i) {
    const size_t at = i * 7919 % (g.channels_out * oh * ow);
    const size_t m = at / (oh * ow), oy = at / ow % oh, ox = at % ow;
    double sum = layer.bias[m];
    for (size_t tap = 0; tap < layer.Taps(); ++tap) {
      size_t y, xx;
      if (!reference::InputAt(g, s, 1, oy, tap / g.kernel[2], &y) ||
          !reference::InputAt(g, s, 2, ox, tap % g.kernel[2], &xx))
        continue;
      for (size_t c = 0; c < cg; ++c)
        sum += double{layer.Weight(m, c, tap)} *
               double{x[((m / mg * cg + c) * s.in[1] + y) * s.in[2] + xx]};
    }
    const double want = std::max(0.0, sum);
    error += (out[at] - want) * (out[at] - want);
    norm += want * want;
  }
  return sqrt(error / norm);
}

// False if an algorithm errs more than it may.
bool BenchOne(const Arguments& a, const BenchLayer& l, ThreadPool& pool) {
  ConvGeometry g;
  g.channels_in = l.c;
  g.channels_out = l.oc;
  g.groups = l.groups;
  g.kernel[1] = g.kernel[2] = l.k;
  g.stride[1] = g.stride[2] = l.stride;
  g.transposed = l.transposed > 0;
  ConvShape s;
  s.batch = a.batch;
  s.in[1] = l.h;
  s.in[2] = l.w;
  s.out[1] = l.OutHeight();
  s.out[2] = l.OutWidth();
  s.pad_begin[1] = s.pad_begin[2] = l.pad;
  uint32_t state = 1;
  const auto fill = [&](std::vector<float>* v, float scale) {
    for (float& f : *v) {
      state = state * 1664525 + 1013904223;
      f = (static_cast<float>(state >> 8) * 0x1p-23f - 1) * scale;
    }
  };
  std::vector<float> x(a.batch * l.c * l.h * l.w), w(l.oc * (l.c / l.groups) * l.k * l.k);
  std::vector<float> bias(l.oc);
  std::vector<float> dense_out(a.batch * l.oc * s.out[1] * s.out[2]);
  // The halo that whole Winograd tiles may read.
  if (a.blocked) s.x_layout = {true, l.pad, l.pad, l.pad + 3, l.pad + 3};
  s.out_layout.blocked = s.residual_layout.blocked = a.blocked && !a.planes;
  const ReorderShape in_shape = {a.batch, l.c, l.h, l.w};
  const ReorderShape out_shape = {a.batch, l.oc, s.out[1], s.out[2]};
  const AlignedBuffer in(LayoutFloats(s.x_layout, a.table->lanes, in_shape));
  const AlignedBuffer out(LayoutFloats(s.out_layout, a.table->lanes, out_shape));
  fill(&x, 1);
  memset(in.data(), 0, in.size() * sizeof(float));
  if (a.blocked)
    RunReorder(*a.table, in_shape, {}, x.data(), s.x_layout, in.data(), pool, 1);
  else
    std::copy(x.begin(), x.end(), in.data());
  fill(&w, 0.1f);
  fill(&bias, 0.1f);
  ConvOptions options;
  options.table = a.table;
  options.precision = a.mode->precision;
  options.activation.kind = ActivationKind::kRelu;
  const auto layer = MakeLayer(g, w.data(), bias.data(), options);
  PreparedWeights prepared;
  const Choice choice = Choose(*layer, s);

  struct Candidate {
    std::unique_ptr<ConvAlgorithm> algorithm;
    bool chosen;
    double error = 0;
    std::vector<double> seconds, ratio;
  };
  std::vector<Candidate> candidates;
  AlignedBuffer workspace;
  for (int i = 1; i < static_cast<int>(AlgorithmKind::kCount); ++i) {
    const auto kind = static_cast<AlgorithmKind>(i);
    if (!Fits(kind, *layer, s) || (a.chosen && kind != choice.kind)) continue;
    Candidate c;
    c.algorithm = MakeAlgorithm(kind, layer, s, a.threads, &prepared);
    c.chosen = kind == choice.kind;
    workspace.Reserve(c.algorithm->WorkspaceFloats(a.threads));
    candidates.push_back(std::move(c));
  }
  const ConvRun run = {in.data(), nullptr, out.data(), workspace.data(), &pool, a.threads, nullptr};
  for (Candidate& c : candidates) {
    c.algorithm->Run(run);
    if (s.out_layout.blocked)
      RunReorder(*a.table, out_shape, s.out_layout, out.data(), {}, dense_out.data(), pool, 1);
    c.error = ErrorOf(*layer, s, x, s.out_layout.blocked ? dense_out.data() : out.data());
  }
  // Bytes that must move at least: each element of input, weights and output once.
  const double moved = sizeof(float) * static_cast<double>(x.size() + w.size() + dense_out.size());
  const size_t repeats = std::max<size_t>(1, static_cast<size_t>(2e8 / l.Flops(a.batch)));
  double best_peak = 0;
  for (size_t round = 0; round < a.rounds; ++round)
    for (Candidate& c : candidates) {
      const double peak = Peak(*a.table) * static_cast<double>(a.threads);
      best_peak = std::max(best_peak, peak);
      c.algorithm->Run(run);
      const double start = Now(a.threads == 1);
      for (size_t i = 0; i < repeats; ++i) c.algorithm->Run(run);
      const double seconds = (Now(a.threads == 1) - start) / static_cast<double>(repeats);
      c.seconds.push_back(seconds);
      c.ratio.push_back(l.Flops(a.batch) / seconds / 1e9 / peak);
    }
  bool accurate = true;
  for (const Candidate& c : candidates) {
    const bool passes = c.error <= a.mode->most_error;  // NaN does not
    accurate = accurate && passes;
    const double seconds = Median(c.seconds);
    // The best round tells what the code can do when other work disturbs the median.
    const double best = *std::min_element(c.seconds.begin(), c.seconds.end());
    printf("%-34s %c %-26s %8.3f ms %6.1f GFLOP/s %5.1f %% of peak (best %5.1f %%) "
           "%5.1f GB/s  error %.1e%s\n",
           l.name.c_str(), c.chosen ? '*' : ' ', c.algorithm->Name().c_str(), seconds * 1e3,
           l.Flops(a.batch) / seconds / 1e9, 100 * Median(c.ratio),
           100 * l.Flops(a.batch) / best / 1e9 / best_peak, moved / seconds / 1e9, c.error,
           passes ? "" : " (TOO LARGE)");
  }
  fflush(stdout);
  return accurate;
}

// Null for an unknown name.
const PrecisionMode* ModeOf(const char* name) {
  for (const PrecisionMode& mode : kModes)
    if (!strcmp(name, mode.name)) return &mode;
  return nullptr;
}

int Main(int argc, char** argv) {
  Arguments a;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--chosen") a.chosen = true;
    if (flag == "--blocked") a.blocked = true;
    if (flag == "--planes") a.blocked = a.planes = true;
    if (i + 1 >= argc) continue;
    if (flag == "--layers") a.layers = argv[i + 1];
    if (flag == "--only") a.only = argv[i + 1];
    if (flag == "--precision") a.mode = ModeOf(argv[i + 1]);
    if (flag == "--batch") a.batch = std::stoul(argv[i + 1]);
    if (flag == "--threads") a.threads = std::stoul(argv[i + 1]);
    if (flag == "--rounds") a.rounds = std::stoul(argv[i + 1]);
    if (flag == "--isa") a.table = SelectKernelTable(argv[i + 1]);
  }
  if (!a.table) return fprintf(stderr, "this CPU lacks that ISA\n"), 2;
  if (!a.mode)
    return fprintf(stderr, "expected --precision strict, default, fast or bfloat16\n"), 2;
  if (a.mode->precision == Precision::kBfloat16 && !a.table->blocked_tile_bf16)
    return fprintf(stderr, "%s here has no products of bfloat16 numbers\n", a.table->isa), 2;
  ThreadPool pool(a.threads - 1);
  printf(
      "isa %s, batch %zu, threads %zu, precision %s, FMA peak %.1f GFLOP/s and %.1f GB/s a "
      "thread\n",
      a.table->isa, a.batch, a.threads, a.mode->name, Peak(*a.table), Triad());
  bool accurate = true;
  for (const BenchLayer& l : ReadLayers(a.layers))
    if (l.name.find(a.only) != std::string::npos) accurate = BenchOne(a, l, pool) && accurate;
  return accurate ? 0 : 1;
}

}  // namespace
}  // namespace bench
}  // namespace convfuse

int main(int argc, char** argv) { return convfuse::bench::Main(argc, argv); }
