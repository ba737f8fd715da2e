// The test suites that kernel_test.cc runs, each from a file of its own.
#pragma once
#include "test/check.h"

namespace convfuse::test {

void TestActivations(const Options& options);
void TestBf16(const Options& options);
void TestDepthwise(const Options& options);
void TestWinograd(const Options& options);
void TestCancel(const Options& options);
void TestChain(const Options& options);
void TestConv(const Options& options);
void TestCopy(const Options& options);
void TestElementwise(const Options& options);
void TestGemm(const Options& options);
void TestHugeHeap(const Options& options);
void TestLinear(const Options& options);
void TestNormalise(const Options& options);
void TestParallel();
void TestPlacement();
void TestPool(const Options& options);
void TestReorder(const Options& options);
void TestResample(const Options& options);
void TestSoftmax(const Options& options);
void TestTune(const Options& options);

}  // namespace convfuse::test
