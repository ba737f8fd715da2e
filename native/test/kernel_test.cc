// Runs every kernel test over every ISA this CPU has, and an emulated one; see kUsage.
#include "test/fold_test.h"
#include "test/suites.h"
#include "test/tables.h"

namespace {

using namespace convfuse::test;

const char kUsage[] =
    "usage: kernel_test [--isa NAME] [--suite NAME] [--configs N] [--seed S] [--first I]\n"
    "       kernel_test --isas\n"
    "\n"
    "  --isa NAME    only that one of those that --isas lists\n"
    "  --suite NAME  only that suite\n"
    "  --configs N   random configurations of each suite and ISA (1000)\n"
    "  --seed S      of their numbers (1)\n"
    "  --first I     the number of the first one (0): failures print theirs\n";

struct Suite {
  const char* name;
  void (*run)(const Options&);
};

const Suite kSuites[] = {
    {"parallel", [](const Options&) { TestParallel(); }},
    {"placement", [](const Options&) { TestPlacement(); }},
    {"heap", TestHugeHeap},
    {"fold", TestFold},
    {"activations", TestActivations},
    {"depthwise", TestDepthwise},
    {"winograd", TestWinograd},
    {"gemm", TestGemm},
    {"linear", TestLinear},
    {"bfloat16", TestBf16},
    {"pool", TestPool},
    {"elementwise", TestElementwise},
    {"softmax", TestSoftmax},
    {"normalise", TestNormalise},
    {"resample", TestResample},
    {"copy", TestCopy},
    {"reorder", TestReorder},
    {"conv", TestConv},
    {"chain", TestChain},
    {"cancel", TestCancel},
    {"tune", TestTune},
};

bool IsNumber(const std::string& s) {
  return !s.empty() && s.find_first_not_of("0123456789") == std::string::npos;
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return false;
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--isa") {
      options->isa = value;
      continue;
    }
    if (name == "--suite") {
      options->suite = value;
      continue;
    }
    if (!IsNumber(value)) return false;
    const uint64_t number = strtoull(value.c_str(), nullptr, 10);
    if (name == "--configs")
      options->configs = number;
    else if (name == "--seed")
      options->seed = number;
    else if (name == "--first")
      options->first = number;
    else
      return false;
  }
  return !TestedTables(*options).empty();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (argc == 2 && strcmp(argv[1], "--isas") == 0) {
    for (const convfuse::KernelTable* table : TestedTables(options)) puts(table->isa);
    return 0;
  }
  if (!Parse(argc, argv, &options)) {
    fputs(kUsage, stderr);
    return 2;
  }
  size_t passed = 0, failed = 0;
  for (const Suite& suite : kSuites) {
    if (!options.suite.empty() && options.suite != suite.name) continue;
    const size_t before = Failures();
    suite.run(options);
    const size_t failures = Failures() - before;
    if (failures > 0) fprintf(stderr, "%s: %zu checks failed\n", suite.name, failures);
    ++(failures > 0 ? failed : passed);
  }
  printf("kernel tests: %zu passed, %zu failed\n", passed, failed);
  return failed > 0 || passed == 0;
}
