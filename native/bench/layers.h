// Reads bench/shapes/layers.json: a flat array of objects with strings and whole numbers.
#pragma once
#include <stddef.h>

#include <string>
#include <vector>

namespace convfuse::bench {

struct BenchLayer {
  std::string name, group;
  size_t c = 0, h = 0, w = 0, oc = 0, k = 1, stride = 1, pad = 0, groups = 1;

  size_t OutHeight() const { return (h + 2 * pad - k) / stride + 1; }
  size_t OutWidth() const { return (w + 2 * pad - k) / stride + 1; }
  double Flops(size_t batch) const {
    return 2.0 * static_cast<double>(batch * oc * OutHeight() * OutWidth() * (c / groups) * k * k);
  }
};

// Throws std::runtime_error when the file cannot be read.
std::vector<BenchLayer> ReadLayers(const std::string& path);

}  // namespace convfuse::bench
