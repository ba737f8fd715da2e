// One convolution, transposed or not, over 1 to 3 spatial axes, with bias, residual and
// activation in its epilogue.  The addon uses this header and nothing below it.
#pragma once
#include <stddef.h>

#include <atomic>
#include <memory>
#include <string>

#include "kernels/activation.h"
#include "kernels/table.h"
#include "ops/layout.h"
#include "ops/parallel.h"
#include "ops/workspace.h"

namespace convfuse {

enum class Precision : int { kStrict = 0, kDefault = 1, kFast = 2, kBfloat16 = 3 };

// Spatial axes are (depth, height, width); lower ranks have leading axes of size 1, kernel 1,
// stride 1.  All products of these sizes have been checked by the caller to fit size_t.
struct ConvGeometry {
  size_t channels_in = 0;   // C
  size_t channels_out = 0;  // M
  size_t groups = 1;        // divides both
  size_t kernel[3] = {1, 1, 1};
  size_t stride[3] = {1, 1, 1};
  size_t dilation[3] = {1, 1, 1};
  bool transposed = false;
};

// One input shape.  pad_end is implied: `out` is what the caller says it is (it knows SAME pads,
// output_padding and output_shape), and reads outside the input are zeros.
struct ConvShape {
  size_t batch = 1;
  size_t in[3] = {1, 1, 1};
  size_t out[3] = {1, 1, 1};
  size_t pad_begin[3] = {0, 0, 0};
  // Blocked layouts are for planes: depth 1, any halo.  Without a residual, its layout is that of
  // the output.
  Layout x_layout, residual_layout, out_layout;

  bool IsDense() const {
    return !x_layout.blocked && !residual_layout.blocked && !out_layout.blocked;
  }
};

struct ConvOptions {
  const KernelTable* table = nullptr;  // kernels of the ISA to run on
  Precision precision = Precision::kDefault;
  Activation activation;
  bool tune = false;  // measure the candidates once per shape
  // Outputs of so many bytes or more are stored past the caches, where possible: they would not
  // stay there until somebody reads them, and a store through the caches reads the line that it
  // replaces.
  size_t streamed_bytes = size_t{8} << 20;
  // Layers that run one after the other share scratch memory, which is then in the caches.  Null: a
  // pool of the layer's own.
  std::shared_ptr<WorkspacePool> workspaces;
};

class ConvAlgorithm;
struct ConvLayer;

// What was chosen for a shape.  Immutable once made, and shared by concurrent runs.
class ConvPlan;

// Thread safe: runs of one Conv may overlap; each takes a workspace of its own from a free list.
class Conv {
 public:
  // weight: [M, C/groups, kd, kh, kw], or [C, M/groups, kd, kh, kw] when transposed.  bias: M
  // values or null.  Both are copied; slopes of the activation too.  Throws std::bad_alloc, and
  // std::invalid_argument for a precision that the table lacks.
  static std::unique_ptr<Conv> Create(const ConvGeometry& geometry, const float* weight,
                                      const float* bias, const ConvOptions& options);
  virtual ~Conv() = default;

  // The plan for a shape: made at its first use (packs the weights for the algorithm chosen),
  // then remembered.  `threads` may shape it; the results never depend on it.
  virtual std::shared_ptr<const ConvPlan> Prepare(const ConvShape& shape, size_t threads) = 0;

  // "packed 8x48", "winograd F(2x2,3x3)", ... with the reason in parentheses.
  virtual std::string Describe(const ConvPlan& plan) const = 0;

  // out = activation(conv(x) + bias + residual).  x: [N, C, in...]; out and residual (may be
  // null): [N, M, out...]; each in the layout that the shape gives it, halos of zeros.  The halo of
  // out is not written.  out aliases neither x nor the weights; residual may be out.  Returns
  // false if `cancel` was seen set: out is then undefined.  Bit-identical for any thread count.
  virtual bool Run(const ConvPlan& plan, const float* x, const float* residual, float* out,
                   ThreadPool& pool, size_t threads, const std::atomic<bool>* cancel) = 0;

  // For chains (ops/chain.h): the algorithm that Prepare would choose for the whole shape on one
  // thread, made for a band of its rows.  Null where that algorithm needs copies, or works on tiles
  // of several rows.  It is not remembered.
  virtual std::shared_ptr<const ConvAlgorithm> MakeBand(const ConvShape& whole,
                                                        const ConvShape& band) = 0;
  virtual const ConvLayer& layer() const = 0;
};

}  // namespace convfuse
