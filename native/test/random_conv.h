// Convolutions of random geometry, data and epilogue, for the tests.
#pragma once
#include <string>

#include "ops/layer.h"
#include "test/check.h"

namespace convfuse::test {

enum class Data { kIntegers, kReals, kSpecialInput, kSpecialWeights };

struct Config {
  ConvGeometry geometry;
  ConvShape shape;
  Activation activation;
  Precision precision;
  Data data;
  bool bias;
  int residual;  // 0: none, 1: apart, 2: the output itself
  bool at_end;
  bool streams;  // past the caches, where that is possible
};

std::string Describe(const Config& config);

// Mostly small; one in a few is wide enough for whole panels on every ISA.
Config DrawConfig(Random& random);

// Largest error after an activation computed in float, of a sum x of a channel that is off by
// `error`: the most of all kinds in docs/numerics.md.  0 where whole numbers stay exact.
double ActivationBound(const Activation& activation, size_t channel, double error, double x);

}  // namespace convfuse::test
