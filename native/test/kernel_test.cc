// Runs every kernel test over every ISA this CPU has.  Usage: kernel_test [--configs N] [--seed S]
#include "test/fold_test.h"
#include "test/suites.h"

namespace {

struct Suite {
  const char* name;
  void (*run)(const convfuse::test::Options&);
};

}  // namespace

int main(int argc, char** argv) {
  using namespace convfuse::test;
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--configs") == 0) options.configs = strtoull(argv[i + 1], nullptr, 10);
    if (strcmp(argv[i], "--seed") == 0) options.seed = strtoull(argv[i + 1], nullptr, 10);
  }
  const Suite suites[] = {
      {"parallel", [](const Options&) { TestParallel(); }},
      {"fold", TestFold},
      {"activations", TestActivations},
      {"depthwise", TestDepthwise},
      {"winograd", TestWinograd},
      {"gemm", TestGemm},
      {"pool", TestPool},
      {"conv", TestConv},
      {"tune", [](const Options&) { TestTune(); }},
  };
  size_t passed = 0, failed = 0;
  for (const Suite& suite : suites) {
    const size_t before = Failures();
    suite.run(options);
    const size_t failures = Failures() - before;
    if (failures > 0) fprintf(stderr, "%s: %zu checks failed\n", suite.name, failures);
    ++(failures > 0 ? failed : passed);
  }
  printf("kernel tests: %zu passed, %zu failed\n", passed, failed);
  return failed > 0;
}
