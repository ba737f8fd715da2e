// Activations of every ISA against double formulas of libm, over the exponents of float.
// `kernel_test --configs 100000` samples every 67th float and is how docs/numerics.md was measured:
// CONVFUSE_PRINT_ULP=1 prints the worst error of each kind.
#include <math.h>

#include <limits>
#include <vector>

#include "kernels/reference.h"
#include "kernels/table.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kHalf = 0.5f;

struct Case {
  const char* name;
  ActivationKind kind;
  float alpha, beta;
  double most_ulp;  // the figure of docs/numerics.md; 0: exactly the float formula
};

const Case kCases[] = {
    {"identity", ActivationKind::kIdentity, 0, 0, 0},
    {"relu", ActivationKind::kRelu, 0, 0, 0},
    {"leaky-relu", ActivationKind::kLeakyRelu, 0.01f, 0, 0.5},
    {"prelu", ActivationKind::kPrelu, -1.75f, 0, 0.5},
    {"relu6", ActivationKind::kRelu6, 0, 0, 0},
    {"clip", ActivationKind::kClip, -0.75f, 2.5f, 0},
    {"clip (reversed)", ActivationKind::kClip, 3, 1, 0},
    {"sigmoid", ActivationKind::kSigmoid, 0, 0, 2.5},
    {"silu", ActivationKind::kSilu, 0, 0, 3.5},
    {"hard-swish", ActivationKind::kHardSwish, 0, 0, 2.5},
    {"tanh", ActivationKind::kTanh, 0, 0, 3},
    {"gelu", ActivationKind::kGelu, 0, 0, 6.5},
    {"gelu-tanh", ActivationKind::kGeluTanh, 0, 0, 4},
    {"mish", ActivationKind::kMish, 0, 0, 5},
    {"elu", ActivationKind::kElu, 1, 0, 1},
    {"elu (1.5)", ActivationKind::kElu, 1.5f, 0, 1.5},
    {"softplus", ActivationKind::kSoftplus, 0, 0, 3},
};

// The activation of a case; kPrelu takes alpha as its one slope.
Activation ActivationOf(const Case& c) { return {c.kind, c.alpha, c.beta, &c.alpha, 1}; }

double Formula(const Case& c, double x) {
  return reference::Activate(ActivationOf(c), 0, x);
}

float FloatOf(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

// Distance of floats around |x|.
double Ulp(double x) {
  int exponent;
  frexp(x, &exponent);
  return ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

std::vector<float> EveryExponent(uint32_t stride) {
  std::vector<float> x = {0.0f, -0.0f};
  for (uint64_t bits = 1; bits < 0xffffffffu; bits += stride) {
    const float v = FloatOf(static_cast<uint32_t>(bits));
    if (isfinite(v)) x.push_back(v);
  }
  return x;
}

void CheckAccuracy(const KernelTable& table, const Case& c, const std::vector<float>& x,
                   const std::vector<double>& want) {
  std::vector<float> got = x;
  table.activate_row(ActivationOf(c), 0, got.size(), got.data());
  double worst = 0, error2 = 0, norm2 = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    // Results past the float range round to infinity, or to the largest float just below it.
    if (fabs(want[i]) > std::numeric_limits<float>::max()) {
      Check(fabs(got[i]) >= std::numeric_limits<float>::max(), std::string(c.name) + " overflows");
      continue;
    }
    const double error = fabs(got[i] - want[i]);
    const double ulp = error / Ulp(want[i]);
    if (!(ulp <= worst)) worst = ulp, at = x[i];
    if (fabs(x[i]) < 20) error2 += error * error, norm2 += want[i] * want[i];
  }
  if (getenv("CONVFUSE_PRINT_ULP"))
    printf("%-9s %-16s %8.3f ulp at %-14.8g relative L2 %.2g\n", table.isa, c.name, worst, at,
           sqrt(error2 / norm2));
  Check(worst <= c.most_ulp, std::string(table.isa) + " " + c.name + ": " + std::to_string(worst) +
                                 " ulp at " + std::to_string(at));
}

bool Same(float a, float b) {
  return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

void CheckValue(const KernelTable& table, const Activation& a, const char* name, float x,
                float want) {
  // Alone, and within a row that has full vectors and a tail.
  for (size_t n : {size_t{1}, 5 * table.lanes + 1}) {
    std::vector<float> row(n, x);
    table.activate_row(a, 0, n, row.data());
    for (float got : row)
      Check(Same(got, want), std::string(table.isa) + " " + name + "(" + std::to_string(x) +
                                 ") is " + std::to_string(got) + ", not " + std::to_string(want));
  }
}

void CheckSpecialValues(const KernelTable& table) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Case& c : kCases) {
    // Also NaNs with other low bits: exponents are made of the low bits of sums.
    for (uint32_t bits : {0x7fc00000u, 0x7fc00001u, 0xffd55555u, 0x7fffffffu, 0x7f800001u})
      CheckValue(table, ActivationOf(c), c.name, FloatOf(bits), nan);
    // The formula in double, whose x * g(x) is NaN at -infinity because -infinity * 0 is.
    for (float x : {kInfinity, -kInfinity})
      CheckValue(table, ActivationOf(c), c.name, x, static_cast<float>(Formula(c, x)));
  }
  using K = ActivationKind;
  for (K kind : {K::kIdentity, K::kRelu, K::kLeakyRelu, K::kPrelu, K::kRelu6, K::kSilu,
                 K::kHardSwish, K::kTanh, K::kGelu, K::kGeluTanh, K::kMish, K::kElu}) {
    const Activation a = {kind, 0.5f, 0, &kHalf, 1};
    CheckValue(table, a, "keeps -0", -0.0f, -0.0f);
    CheckValue(table, a, "keeps +0", 0.0f, 0.0f);
  }
  CheckValue(table, {K::kClip, -kInfinity, kInfinity}, "clip", -3, -3);
  CheckValue(table, {K::kClip, 2, 1}, "clip", 5, 1);
  CheckValue(table, {K::kHardSigmoid, 0.2f, 0.5f}, "hard-sigmoid", 100, 1);
  CheckValue(table, {K::kHardSigmoid, 0.2f, 0.5f}, "hard-sigmoid", -100, 0);
  CheckValue(table, {K::kHardSigmoid, 0.2f, 0.5f}, "hard-sigmoid", nan, nan);
  CheckValue(table, {K::kHardSigmoid, 0.25f, 0.5f}, "hard-sigmoid", 1, 0.75f);
  CheckValue(table, {K::kHardSigmoid, 0.2f, 0.5f}, "hard-sigmoid", -kInfinity, 0);
}

// Near its zero the sum cancels: the bound is on the terms, as for any dot product.
void CheckHardSigmoid(const KernelTable& table, const std::vector<float>& x) {
  const float alpha = 0.2f, beta = 0.5f;
  std::vector<float> got = x;
  table.activate_row({ActivationKind::kHardSigmoid, alpha, beta}, 0, got.size(), got.data());
  for (size_t i = 0; i < x.size(); ++i) {
    const double product = static_cast<double>(alpha) * x[i];
    const double want = fmax(0, fmin(1, product + beta));
    const double bound = want == 0 || want == 1 ? 0x1p-24 : 0x1p-24 * (fabs(product) + want);
    Check(fabs(got[i] - want) <= bound, std::string(table.isa) + " hard-sigmoid");
  }
}

// A row of every length around the vectors' leaves its neighbours alone.
void CheckTails(const KernelTable& table) {
  for (size_t n = 0; n <= 5 * table.lanes + 1; ++n)
    for (const Case& c : kCases) {
      std::vector<float> row(n + 2, -1.25f);
      table.activate_row(ActivationOf(c), 0, n, row.data() + 1);
      Check(row[0] == -1.25f && row[n + 1] == -1.25f, std::string(c.name) + " stays in its row");
      for (size_t i = 2; i <= n; ++i)
        Check(row[i] == row[1], std::string(c.name) + " gives tail and body the same value");
    }
}

// Every value of a row is computed as if it stood alone, whatever lies beside it.
void CheckNeighbours(const KernelTable& table) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Case& c : kCases)
    for (float odd : {0.0f, 43.9f, -44.1f, -95.0f, 1e30f, -kInfinity, nan}) {
      std::vector<float> row(13 * table.lanes);
      for (size_t i = 0; i < row.size(); ++i) row[i] = 0.7f * (static_cast<float>(i % 61) - 30);
      row[5 * table.lanes + 3] = odd;
      std::vector<float> alone = row;
      table.activate_row(ActivationOf(c), 0, row.size(), row.data());
      for (size_t i = 0; i < row.size(); ++i) {
        table.activate_row(ActivationOf(c), 0, 1, &alone[i]);
        Check(Same(row[i], alone[i]), std::string(table.isa) + " " + c.name + " alone");
      }
    }
}

// The tail of an activation (kernels/activation.h), after slopes by channel: scale, shift and
// limits.
void CheckTail(const KernelTable& table) {
  const float slopes[] = {0.5f, -2};
  Activation a = {ActivationKind::kPrelu, 0, 0, slopes, 2};
  a.scale = 3, a.shift = 1;
  std::vector<float> row(2 * table.lanes + 1, -4);
  std::vector<float> other = row;
  table.activate_row(a, 0, row.size(), row.data());
  table.activate_row(a, 1, other.size(), other.data());
  for (float y : row) Check(y == -5, std::string(table.isa) + " scale and shift");
  for (float y : other) Check(y == 25, std::string(table.isa) + " scale and shift, second channel");
  a.low = -3, a.high = 7;
  CheckValue(table, a, "low limit", -4, -3);
  CheckValue(table, a, "high limit", 4, 7);
  CheckValue(table, a, "inside", 1, 4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CheckValue(table, a, "NaN", nan, nan);
  a.low = 8;
  CheckValue(table, a, "limits the wrong way round", 4, 7);
}

}  // namespace

void TestActivations(const Options& options) {
  // Primes, so that all low bits occur.
  const uint32_t stride = options.configs >= 100000 ? 67 : options.configs >= 10000 ? 1031 : 16411;
  const std::vector<float> x = EveryExponent(stride);
  std::vector<double> want(x.size());
  for (const Case& c : kCases) {
    for (size_t i = 0; i < x.size(); ++i) want[i] = Formula(c, x[i]);
    for (const KernelTable* table : TestedTables(options))
      CheckAccuracy(*table, c, x, want);
  }
  for (const KernelTable* table : TestedTables(options)) {
    CheckSpecialValues(*table);
    CheckHardSigmoid(*table, x);
    CheckTails(*table);
    CheckNeighbours(*table);
    CheckTail(*table);
  }
}

}  // namespace convfuse::test
