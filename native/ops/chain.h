// Layers on blocks that follow each other, each the only reader of the one before: run band by band of
// rows, so that what lies between them stays in the caches, and threads wait for each other once.
#pragma once
#include <memory>
#include <vector>

#include "ops/chain_pool.h"
#include "ops/conv.h"

namespace convfuse {

// A layer of a chain: a convolution, and the shape that Conv::Prepare would be told; or a pool, and its
// shape without pads.
struct ChainLink {
  std::shared_ptr<Conv> conv;
  std::shared_ptr<const ChainPool> pool;
  ConvShape shape;
};

// What may lie between the layers of a band, at the most: so that it stays in an L2, next to weights and
// to what the ends read and write.
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

  // As one link after the other; the residual is the last one's, if that is a convolution.  The same
  // bits.
  virtual void Run(const float* x, const float* residual, float* out, ThreadPool& pool) const = 0;
};

}  // namespace convfuse
