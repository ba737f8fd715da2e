// Reads bench/shapes/layers.json: a flat array of objects with strings and whole numbers.
#pragma once
#include <stddef.h>

#include <string>
#include <vector>

namespace convfuse::bench {

struct BenchLayer {
  std::string name, group;
  size_t c = 0, h = 0, w = 0, oc = 0, k = 1, stride = 1, pad = 0, groups = 1;
  size_t transposed = 0;  // or 1

  size_t OutHeight() const { return Out(h); }
  size_t OutWidth() const { return Out(w); }
  // Each pixel of the smaller plane takes part in one product per tap of the kernel.
  double Flops(size_t batch) const {
    const size_t pixels = transposed ? h * w : OutHeight() * OutWidth();
    return 2.0 * static_cast<double>(batch * oc * pixels * (c / groups) * k * k);
  }

 private:
  size_t Out(size_t in) const {
    return transposed ? (in - 1) * stride + k - 2 * pad : (in + 2 * pad - k) / stride + 1;
  }
};

// Throws std::runtime_error when the file cannot be read.
std::vector<BenchLayer> ReadLayers(const std::string& path);

}  // namespace convfuse::bench
