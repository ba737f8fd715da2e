// What the kernel tests share: command line, counting, seeded numbers.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <string>

namespace convfuse::test {

struct Options {
  size_t configs = 1000;  // random configurations per ISA
  size_t first = 0;      // the number of the first one
  uint64_t seed = 1;
  std::string isa, suite;  // empty: all
};

// Failures are printed (the first few) and counted; the executable exits with 1 if there are any.
inline size_t& Failures() {
  static size_t n = 0;
  return n;
}

// The number of the random configuration that is being checked.  `--first` with this number and the
// same seed runs it again.
inline size_t& Configuration() {
  static size_t n = 0;
  return n;
}

inline void Fail(const std::string& what) {
  if (++Failures() <= 20)
    fprintf(stderr, "FAILED (configuration %zu) %s\n", Configuration(), what.c_str());
}

inline void Check(bool ok, const std::string& what) {
  if (!ok) Fail(what);
}

inline bool SameBits(const float* a, const float* b, size_t n) {
  return n == 0 || memcmp(a, b, n * sizeof(float)) == 0;
}

// xorshift64*: the same numbers everywhere.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t stream = 0)
      : state_(seed * 0x9E3779B97F4A7C15u + stream * 0xBF58476D1CE4E5B9u + 0x1234567u) {
    for (int i = 0; i < 4; ++i) Next();  // neighbouring streams begin alike
  }
  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Du;
  }
  size_t Below(size_t n) { return static_cast<size_t>((Next() >> 33) % n); }
  size_t Between(size_t low, size_t high) { return low + Below(high - low + 1); }
  bool Chance(size_t percent) { return Below(100) < percent; }
  // Uniform in [-1, 1).
  float Real() { return static_cast<float>(Next() >> 40) * 0x1p-23f - 1; }
  float Integer(int most) {
    return static_cast<float>(static_cast<int>(Below(2 * static_cast<size_t>(most) + 1)) - most);
  }

 private:
  uint64_t state_;
};

// Calls run(random) for each configuration asked for, with random numbers of its own.
template <class Run>
void ForEachConfiguration(const Options& options, const Run& run) {
  for (size_t i = options.first; i < options.first + options.configs; ++i) {
    Configuration() = i;
    Random random(options.seed, i);
    run(random);
  }
  Configuration() = 0;
}

}  // namespace convfuse::test
