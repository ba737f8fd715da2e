// Runs every kernel test over every ISA this CPU has.  Usage: kernel_test [--configs N] [--seed S]
#include "test/fold_test.h"
#include "test/suites.h"

int main(int argc, char** argv) {
  using namespace convfuse::test;
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--configs") == 0) options.configs = strtoull(argv[i + 1], nullptr, 10);
    if (strcmp(argv[i], "--seed") == 0) options.seed = strtoull(argv[i + 1], nullptr, 10);
  }
  TestParallel();
  TestFold(options);
  TestActivations(options);
  TestDepthwise(options);
  TestWinograd(options);
  TestGemm(options);
  TestConv(options);
  if (Failures() > 0) fprintf(stderr, "%zu checks failed\n", Failures());
  else printf("kernel tests passed\n");
  return Failures() > 0;
}
