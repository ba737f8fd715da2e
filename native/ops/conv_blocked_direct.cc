#include <algorithm>

#include "ops/blocked_offsets.h"
#include "ops/conv_blocked.h"
#include "ops/inside_walk.h"
#include "ops/output_store.h"

namespace convfuse {

bool BlockedFits(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  const Layout& x = shape.x_layout;
  if (!x.blocked || g.transposed || g.kernel[0] != 1 || shape.in[0] != 1 || shape.out[0] != 1 ||
      g.stride[0] != 1 || shape.pad_begin[0] != 0 || Volume(shape.out) == 0)
    return false;
  const auto reads = [&](int a, size_t halo_begin, size_t halo_end) {
    const size_t last = (shape.out[a] - 1) * g.stride[a] + (g.kernel[a] - 1) * g.dilation[a];
    return halo_begin >= shape.pad_begin[a] &&
           last < shape.pad_begin[a] + shape.in[a] + halo_end;
  };
  return reads(1, x.top, x.bottom) && reads(2, x.left, x.right);
}

bool BlockedDirectFits(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  const size_t lanes = layer.table->lanes;
  if (!BlockedFits(layer, shape) || g.stride[2] > 2) return false;
  if (g.groups > 1 && (layer.GroupIn() % lanes != 0 || layer.GroupOut() % lanes != 0)) return false;
  if (shape.residual_layout.blocked != shape.out_layout.blocked) return false;
  // Offsets into an image have 32 bits.
  return BlockedPlanes(layer, shape).LargestImage() <= UINT32_MAX;
}

namespace {

// Most products of a pass.  A call of the kernel computes several short blocks of products, which
// `strict` asks for, as chains that share the tile's preparations.
constexpr size_t kPassProducts = 147;

class BlockedDirectConv final : public ConvAlgorithm {
 public:
  BlockedDirectConv(std::shared_ptr<const ConvLayer> layer,
                    std::shared_ptr<const DirectWeights> weights, const ConvShape& shape,
                    size_t threads, const OutputGrid* grid)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        store_(*layer_, shape_), epilogue_(layer_->activation), table_(*layer_->table),
        planes_(*layer_, shape_, grid),
        cut_(CutBlockedDirect(*layer_, *weights_, shape_, planes_.LargestImage(), threads)),
        inside_(*layer_, shape_, *weights_),
        products_(LocateProducts(*layer_, *weights_, planes_.x, inside_.columns())),
        pixels_(LocatePixels(*layer_, shape_, cut_, planes_)) {
    const size_t k = weights_->most_elements() * layer_->Taps(), last = weights_->blocks() - 1;
    if (!inside_.Skips() && weights_->Elements(0) == weights_->Elements(last) && k > 0)
      chains_ = std::max<size_t>(1, kPassProducts / k);
    bands_ = CeilDiv(shape_.out[1], cut_.rows);
    parts_ = CeilDiv(shape_.batch, cut_.images) * bands_;
    vectors_ = CeilDiv(layer_->GroupOut(), table_.lanes);
    finishes_ = shape_.out_layout.blocked;
    bias_ = SliceBias(*layer_, *weights_);
  }

  std::string Name() const override {
    return "direct " + std::to_string(table_.direct_pixels) + "x" +
           std::to_string(table_.direct_channels) +
           (inside_.Skips() ? " on blocks, inside the input" : " on blocks");
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(layer_->geometry.groups * parts_ * cut_.splits, run.threads,
                          [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunTask(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  // What the tiles of a pass share besides BlockedTile, and how many floats of the weights that
  // follow they have fetched.
  struct Pass {
    const float* following;
    size_t weights;  // floats of these
    float* sums;
    size_t pixels;  // of the part
    size_t fetched = 0;
  };

  // The first block of output channels of a part's slice.
  size_t FirstBlock(const OutputPart& part) const {
    return part.group * vectors_ + part.slice * kSliceVectors;
  }
  size_t SliceFloats() const { return RoundUp(pixels_.x.size() * table_.direct_channels, 16); }
  size_t SlotFloats() const { return CeilDiv(weights_->slices(), cut_.splits) * SliceFloats(); }

  void RunTask(const ConvRun& run, size_t task, float* sums) const {
    const ConvGeometry& g = layer_->geometry;
    OutputPart part = {};
    part.group = task / (parts_ * cut_.splits);
    task %= parts_ * cut_.splits;
    const size_t split = cut_.by_parts ? task % cut_.splits : task / parts_;
    const size_t at = cut_.by_parts ? task / cut_.splits : task % parts_;
    part.image = at / bands_ * cut_.images;
    part.row = EvenCut(shape_.out[1], at % bands_, bands_);
    part.rows = EvenCut(shape_.out[1], at % bands_ + 1, bands_) - part.row;
    part.width = shape_.out[2];
    const size_t images = std::min(cut_.images, shape_.batch - part.image);
    const size_t begin = EvenCut(weights_->slices(), split, cut_.splits);
    const size_t end = EvenCut(weights_->slices(), split + 1, cut_.splits);
    // The first tap of output (0, 0) lies in the halo, as far before pixel (0, 0) as the pads say.
    const size_t block = part.group * (layer_->GroupIn() / table_.lanes);
    const float* x = run.x + planes_.x.At(part.image, block, part.row * g.stride[1]) -
                     shape_.pad_begin[1] * planes_.x.row - shape_.pad_begin[2] * table_.lanes;
    for (size_t b = 0; b < weights_->blocks(); b += chains_)
      for (size_t s = begin; s < end;) {
        float* slice = sums + (s - begin) * SliceFloats();
        const size_t left = std::min(vectors_, end * kSliceVectors) - s * kSliceVectors;
        const size_t vectors = TileVectors(table_, left);
        const size_t next = s + CeilDiv(vectors, kSliceVectors);
        const size_t next_block = b + chains_ < weights_->blocks() ? b + chains_ : 0;
        const float* following = next < end ? weights_->Slice(part.group, b, next)
                                            : weights_->Slice(part.group, next_block, begin);
        part.slice = s;
        part.sums = slice;
        Multiply(run, part, images, b, vectors, x, following, slice);
        s = next;
        if (b + chains_ >= weights_->blocks()) Finish(run, part, images, vectors);
      }
  }

  // A pass, chains_ blocks of products from `block` on, for all pixels of a part.
  void Multiply(const ConvRun& run, const OutputPart& part, size_t images, size_t block,
                size_t vectors, const float* x, const float* following, float* sums) const {
    const ConvGeometry& g = layer_->geometry;
    BlockedTile tile = {};
    tile.k = weights_->Elements(block) * layer_->Taps();
    tile.chains = std::min(chains_, weights_->blocks() - block);
    tile.chain_jump = (weights_->slices() - 1) * tile.k * table_.direct_channels;
    tile.step = g.stride[2] * table_.lanes;
    tile.vectors = vectors;
    tile.half = EndsInHalf(*layer_, part.slice * kSliceVectors + vectors);
    tile.x = x;
    tile.weight = weights_->Slice(part.group, block, part.slice);
    tile.weight_jump = tile.k * table_.direct_channels;
    tile.sums_jump = SliceFloats();
    tile.add = block > 0;
    if (finishes_ && block + chains_ >= weights_->blocks()) {
      const size_t at = FirstBlock(part);
      tile.bias = bias_.data() + (part.group * weights_->slices() + part.slice) * kSliceVectors *
                                     table_.lanes;
      tile.out = run.out + planes_.out.At(part.image, at, part.row);
      tile.out_block = planes_.out.block;
      if (run.residual)
        tile.residual = run.residual + planes_.residual.At(part.image, at, part.row);
      tile.residual_block = planes_.residual.block;
      tile.low = epilogue_.low;
      tile.high = epilogue_.high;
    }
    Pass pass = {following, CeilDiv(vectors, kSliceVectors) * tile.weight_jump, sums,
                 images * part.rows * part.width};
    inside_.ForEach(tile, part, images, block, [&](BlockedTile& of_range, const PixelRange& range) {
      of_range.grouped = weights_->Grouped(block, of_range.k);
      MultiplyPixels(of_range, range, &pass);
    });
  }

  // Tiles end with a row where the kernel asks for evenly spaced pixels.  A row is cut into the
  // fewest tiles, equal to within a pixel: a tile of few pixels waits for its own products.
  void MultiplyPixels(BlockedTile& tile, const PixelRange& range, Pass* pass) const {
    const size_t row = table_.scattered_pixels ? range.end - range.begin
                       : pixels_.evenly        ? range.joined
                                               : range.width;
    const size_t tiles = CeilDiv(row, table_.blocked_pixels[tile.vectors]);
    const size_t each = row / tiles, longer = row % tiles;
    // The last tiles of a pass fetch a part each of the weights that follow, which come from memory
    // where planes are small; earlier, these would not stay in L1.  The others fetch the next
    // pixels.
    const size_t floats = std::max<size_t>(1, tile.k / ProductOffsets::kFetchTiles) * kLineFloats;
    const size_t fetching = CeilDiv(pass->weights, floats) * (each + 1);
    for (size_t i = 0, p = range.begin; p < range.end; p += tile.run) {
      tile.run = each + (i < longer);
      i = i + 1 < tiles ? i + 1 : 0;
      tile.x_at = pixels_.x.data() + p;
      tile.out_at = pixels_.out.data() + p;
      tile.residual_at = pixels_.residual.data() + p;
      tile.sums = pass->sums + p * table_.direct_channels;
      const size_t next = p + tile.run;
      if (next < pass->pixels && p + fetching < pass->pixels) {
        tile.product = products_.next_pixels.data() + range.product;
        tile.ahead = tile.x + pixels_.x[next];
      } else {
        tile.product = products_.next_weights.data() + range.product;
        tile.ahead = pass->following + std::min(pass->fetched, pass->weights);
        pass->fetched += floats;
      }
      table_.blocked_tile(tile);
    }
  }

  // Stores the sums that tiles have not written out themselves, and applies an activation that is
  // more than a clamp to rows that are still in the caches.
  void Finish(const ConvRun& run, OutputPart part, size_t images, size_t vectors) const {
    for (size_t i = 0; i < images; ++i, ++part.image) {
      if (finishes_) {
        FinishRows(run, part, vectors);
        continue;
      }
      OutputPart slice = part;
      for (size_t v = 0; v < vectors; v += kSliceVectors) {
        store_.Store(run, slice);
        ++slice.slice;
        slice.sums += SliceFloats();
      }
      part.sums += part.rows * part.width * table_.direct_channels;
    }
  }

  void FinishRows(const ConvRun& run, const OutputPart& part, size_t vectors) const {
    if (epilogue_.rows)
      ActivateBlocks(*layer_, planes_.out, FirstBlock(part), vectors, part.rows, part.width,
                     run.out + planes_.out.At(part.image, FirstBlock(part), part.row));
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DirectWeights> weights_;
  ConvShape shape_;
  OutputStore store_;
  Epilogue epilogue_;
  const KernelTable& table_;
  BlockedPlanes planes_;
  BlockedCut cut_;
  InsideWalk inside_;
  ProductOffsets products_;
  PixelOffsets pixels_;
  AlignedBuffer bias_;
  size_t bands_ = 0, parts_ = 0, vectors_ = 0;
  size_t chains_ = 1;      // blocks of products of a tile
  bool finishes_ = false;  // the last tile of a pixel writes it out
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeBlockedDirectConv(std::shared_ptr<const ConvLayer> layer,
                                                     std::shared_ptr<const DirectWeights> weights,
                                                     const ConvShape& shape, size_t threads,
                                                     const OutputGrid* grid) {
  return std::make_unique<BlockedDirectConv>(std::move(layer), std::move(weights), shape, threads,
                                             grid);
}

}  // namespace convfuse
