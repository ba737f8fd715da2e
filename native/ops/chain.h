// A chain: layers on blocks, each the only reader of the one before, which run band by band of
// rows.  What lies between them stays in the caches, and threads wait for each other once for all
// layers.
#pragma once
#include <memory>
#include <vector>

#include "ops/chain_pool.h"
#include "ops/conv.h"

namespace convfuse {

// A layer of a chain: a convolution with the shape that Conv::Prepare would take, or a pool with
// its shape without pads.
struct ChainLink {
  std::shared_ptr<Conv> conv;
  std::shared_ptr<const ChainPool> pool;
  ConvShape shape;
};

// The most floats that the buffers between the layers may have, so that they stay in an L2 beside
// weights, the chain's input and its output.
size_t ChainBandFloats();

// Thread safe, as Conv is.
class ConvChain {
 public:
  // Null where these layers make no chain, or one that is no faster than they are one by one.  Each
  // shape reads what the one before writes, in the same layout.  Throws std::bad_alloc.
  static std::unique_ptr<ConvChain> Create(const std::vector<ChainLink>& links, size_t threads,
                                           std::shared_ptr<WorkspacePool> workspaces,
                                           size_t band_floats = ChainBandFloats());
  virtual ~ConvChain() = default;

  // Computes the bits that the links give one after the other.  residual, or null, is that of the
  // last link, which must be a convolution then.
  virtual void Run(const float* x, const float* residual, float* out, ThreadPool& pool) const = 0;
};

}  // namespace convfuse
