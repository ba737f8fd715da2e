// What every algorithm for a convolution is given: the layer, a shape, and the buffers of a run.
#pragma once
#include <stddef.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "ops/conv.h"

namespace convfuse {

// A layer as it was created; immutable, and shared by its plans.
struct ConvLayer {
  ConvGeometry geometry;
  const KernelTable* table;
  Precision precision;
  std::vector<float> weight;  // as given to Conv::Create
  std::vector<float> bias;    // always M values
  std::vector<float> slope;   // what activation.slope points to
  Activation activation;
  size_t streamed_bytes;
  bool finite_weights;

  size_t GroupIn() const { return geometry.channels_in / geometry.groups; }
  size_t GroupOut() const { return geometry.channels_out / geometry.groups; }
  size_t Taps() const { return geometry.kernel[0] * geometry.kernel[1] * geometry.kernel[2]; }
  // weight of output channel m (of all), input channel c (of its group), flat tap index.
  float Weight(size_t m, size_t c, size_t tap) const {
    if (!geometry.transposed) return weight[(m * GroupIn() + c) * Taps() + tap];
    const size_t g = m / GroupOut();
    return weight[((g * GroupIn() + c) * GroupOut() + m % GroupOut()) * Taps() + tap];
  }
};

// The most products that are summed before they are added to the rest: 288.  In strict 144, which
// errs less in every layer (docs/numerics.md) and costs hardly more; kernels of 5 x 5 and more, as
// in first layers on raw pixels, are summed channel by channel: 49 products give 1.3e-7 where 98
// give 1.7e-7 (relative L2, 7x7/2).
size_t LargestSum(const ConvLayer& layer);

// Copies all it is given.  Throws std::bad_alloc.
std::shared_ptr<const ConvLayer> MakeLayer(const ConvGeometry& geometry, const float* weight,
                                           const float* bias, const ConvOptions& options);

inline size_t Volume(const size_t (&size)[3]) { return size[0] * size[1] * size[2]; }

struct ConvRun {
  const float* x;
  const float* residual;  // or null
  float* out;
  float* workspace;  // WorkspaceFloats(threads), aligned to 64 bytes
  ThreadPool* pool;
  size_t threads;
  const std::atomic<bool>* cancel;
  // For an algorithm whose shape is a band of a layer's rows (ops/chain.h), and whose x is dense
  // and whole: the output row of the layer that is row 0 of `out`.
  size_t first_row = 0;

  bool Cancelled() const { return cancel && cancel->load(std::memory_order_relaxed); }
};

// A way to run one layer on one shape.  Run may be called concurrently; when it sees the cancel
// flag it returns early, and the caller drops the output.
class ConvAlgorithm {
 public:
  virtual ~ConvAlgorithm() = default;
  virtual std::string Name() const = 0;
  virtual size_t WorkspaceFloats(size_t threads) const = 0;
  virtual void Run(const ConvRun& run) const = 0;
};

}  // namespace convfuse
