// The contract of softmax: rows that are made positive and add up to 1, or the logarithms of those.
#pragma once
#include <stddef.h>

namespace convfuse {

// y = exp(x - m) / sum(exp(x - m)), m the largest of a row, or with `log` x - m - log(sum(exp(x -
// m))).  Elements of a row lie `step` apart.  With a step of 1 rows follow each other; with any
// other they are neighbours, one element apart, and step >= rows.  A row with a NaN or +infinity,
// or of nothing but -infinity, becomes NaN.  y may be x.
struct SoftmaxRows {
  bool log;
  const float* x;
  float* y;
  size_t rows, size, step;
};

}  // namespace convfuse
