// Tuning chooses an algorithm that computes the right sums, and the same one for all numbers of
// threads.
#include <vector>

#include "kernels/reference.h"
#include "ops/conv.h"
#include "test/suites.h"
#include "test/tables.h"

namespace convfuse::test {

void TestTune(const Options& options) {
  ConvGeometry g;
  g.channels_in = 20;
  g.channels_out = 40;
  g.kernel[1] = g.kernel[2] = 3;
  ConvShape s;
  s.in[1] = s.out[1] = 9;
  s.in[2] = s.out[2] = 11;
  s.pad_begin[1] = s.pad_begin[2] = 1;
  Random random(3);
  std::vector<float> x(20 * 99), w(40 * 20 * 9), out(40 * 99);
  for (float& v : x) v = random.Integer(3);
  for (float& v : w) v = random.Integer(3);
  const reference::Sums sums = reference::Conv(g, s, x.data(), w.data(), nullptr, nullptr);
  ThreadPool pool(1);
  for (const KernelTable* table : TestedTables(options)) {
    ConvOptions conv_options;
    conv_options.table = table;
    conv_options.precision = Precision::kStrict;
    conv_options.tune = true;
    const auto conv = Conv::Create(g, w.data(), nullptr, conv_options);
    const auto one = conv->Prepare(s, 1), two = conv->Prepare(s, 2);
    const std::string name = conv->Describe(*one);
    Check(name.find("measured") != std::string::npos, "a tuned plan says so: " + name);
    Check(name == conv->Describe(*two), "a tuned plan is one for all threads: " + name);
    Check(conv->Run(*one, x.data(), nullptr, out.data(), pool, 1, nullptr), name + " finished");
    for (size_t i = 0; i < out.size(); ++i)
      if (static_cast<double>(out[i]) != sums.value[i]) return Fail(name + " computes the sums");
  }
}

}  // namespace convfuse::test
