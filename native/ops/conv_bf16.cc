#include "ops/conv_bf16.h"

#include <algorithm>

#include "ops/blocked_offsets.h"
#include "ops/conv_blocked.h"
#include "ops/converted_rows.h"
#include "ops/inside_walk.h"
#include "ops/output_store.h"

namespace convfuse {
namespace {

// Joins rows of a pointwise layer on dense planes, until one has four tiles or more: fewer tiles
// are then cut short by the end of a row.
ConvShape Flattened(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  ConvShape flat = shape;
  if (!shape.IsDense() || layer.Taps() != 1 || g.stride[1] != 1 || g.stride[2] != 1 ||
      !std::equal(shape.in, shape.in + 3, shape.out) || shape.pad_begin[1] != 0 ||
      shape.pad_begin[2] != 0)
    return flat;
  const size_t height = shape.in[1], width = shape.in[2];
  size_t rows = 1;
  while (rows < height && (height % rows != 0 || rows * width < 4 * layer.table->direct_pixels))
    ++rows;
  flat.in[1] = flat.out[1] = height / rows;
  flat.in[2] = flat.out[2] = width * rows;
  return flat;
}

class DirectBf16Conv final : public ConvAlgorithm {
 public:
  DirectBf16Conv(std::shared_ptr<const ConvLayer> layer,
                 std::shared_ptr<const DirectWeights> weights, const ConvShape& shape,
                 size_t threads, const OutputGrid* grid)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(Flattened(*layer_, shape)),
        store_(*layer_, shape_), epilogue_(layer_->activation), table_(*layer_->table),
        planes_(*layer_, shape_, grid),
        cut_(CutBlockedDirect(*layer_, *weights_, shape_, planes_.LargestImage(), threads)),
        rows_(*layer_, *weights_, shape_, cut_), inside_(*layer_, shape_, *weights_),
        pixels_(LocatePixels(*layer_, shape_, cut_, planes_)),
        next_pixels_(rows_.ProductOffsets(inside_.columns())),
        next_lines_(rows_.LineOffsets(inside_.columns())) {
    if (Finishes()) bias_ = SliceBias(*layer_, *weights_);
    pixels_.x = rows_.PixelOffsets(cut_);
    bands_ = CeilDiv(shape_.out[1], cut_.rows);
    parts_ = CeilDiv(shape_.batch, cut_.images) * bands_ * layer_->geometry.groups;
    vectors_ = CeilDiv(layer_->GroupOut(), table_.lanes);
  }

  std::string Name() const override {
    return "bfloat16 direct " + std::to_string(table_.direct_pixels) + "x" +
           std::to_string(table_.direct_channels) +
           (shape_.x_layout.blocked ? " on blocks" : "") +
           (inside_.Skips() ? ", inside the input" : "");
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(parts_ * cut_.splits, run.threads, [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunTask(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  // Whether the last tile of a pixel writes its outputs; else they are stored from the sums.
  bool Finishes() const { return shape_.out_layout.blocked; }
  // A tile reads up to three pixels more than it has.
  size_t CopyFloats() const { return RoundUp(rows_.Floats() + 3 * rows_.step(), 16); }
  size_t SliceFloats() const { return pixels_.x.size() * table_.direct_channels; }
  // Whether the sums of all slices of a task are kept, until the last block of products.
  bool Waits() const { return weights_->blocks() > 1; }
  size_t SlotFloats() const {
    return CopyFloats() +
           (Waits() ? CeilDiv(weights_->slices(), cut_.splits) : 1) * SliceFloats();
  }

  // What the tiles of a slice share besides BlockedTile: what they fetch, and how much of the
  // weights that follow they have fetched, in floats.
  struct Pass {
    const float* following;
    size_t weights;
    float* sums;
    SourcePieces* source;
    size_t fetched = 0;
  };

  // Where a task begins, and how many images it has.
  size_t Locate(size_t task, OutputPart* out) const {
    OutputPart& part = *out;
    const size_t at = cut_.by_parts ? task / cut_.splits : task % parts_;
    const size_t band = at % bands_, groups = layer_->geometry.groups;
    part.row = EvenCut(shape_.out[1], band, bands_);
    part.rows = EvenCut(shape_.out[1], band + 1, bands_) - part.row;
    part.group = at / bands_ % groups;
    part.image = at / (bands_ * groups) * cut_.images;
    part.width = shape_.out[2];
    return std::min(cut_.images, shape_.batch - part.image);
  }

  void RunTask(const ConvRun& run, size_t task, float* scratch) const {
    OutputPart part = {}, next = {};
    const size_t split = cut_.by_parts ? task % cut_.splits : task / parts_;
    const size_t images = Locate(task, &part);
    // The next task is mostly this thread's too.
    const size_t next_images = Locate(std::min(task + 1, parts_ * cut_.splits - 1), &next);
    const size_t begin = EvenCut(weights_->slices(), split, cut_.splits);
    const size_t end = EvenCut(weights_->slices(), split + 1, cut_.splits);
    for (size_t b = 0; b < weights_->blocks(); ++b) {
      SourcePieces source =
          b + 1 < weights_->blocks()
              ? rows_.Source(run.x, part.group, b + 1, part.image, images, part.row, part.rows)
              : rows_.Source(run.x, next.group, 0, next.image, next_images, next.row, next.rows);
      rows_.Convert(run.x, part.group, b, part.image, images, part.row, part.rows, scratch);
      for (size_t s = begin; s < end; ++s) {
        float* sums = scratch + CopyFloats() + (Waits() ? s - begin : 0) * SliceFloats();
        part.slice = s;
        part.sums = sums;
        Multiply(run, part, images, b, begin, end, scratch, sums, &source);
        if (b + 1 == weights_->blocks()) Finish(run, part, images);
      }
    }
  }

  // A block of products of a slice, for all pixels of a part.
  void Multiply(const ConvRun& run, const OutputPart& part, size_t images, size_t block,
                size_t begin, size_t end, const float* x, float* sums,
                SourcePieces* source) const {
    const size_t next = part.slice + 1 < end ? part.slice + 1 : begin;
    const size_t next_block = (block + (next == begin)) % weights_->blocks();
    BlockedTile tile = {};
    tile.k = weights_->Elements(block) * layer_->Taps();
    tile.step = rows_.step();
    tile.vectors = kSliceVectors;
    tile.x = x;
    tile.weight = weights_->Slice(part.group, block, part.slice);
    tile.add = block > 0;
    if (Finishes() && block + 1 == weights_->blocks()) {
      const size_t at = part.slice * kSliceVectors;
      const bool both = at + 1 < vectors_;
      tile.bias = bias_.data() + at * table_.lanes;
      tile.out = run.out + planes_.out.At(part.image, at, part.row);
      tile.out_block = both ? planes_.out.block : 0;
      if (run.residual)
        tile.residual = run.residual + planes_.residual.At(part.image, at, part.row);
      tile.residual_block = both ? planes_.residual.block : 0;
      tile.low = epilogue_.low;
      tile.high = epilogue_.high;
    }
    Pass pass = {weights_->Slice(part.group, next_block, next),
                 tile.k * table_.direct_channels, sums, source};
    if (pass.following == tile.weight) pass.fetched = pass.weights;
    inside_.ForEach(tile, part, images, block, [&](BlockedTile& of_range, const PixelRange& range) {
      MultiplyPixels(of_range, range, &pass);
    });
  }

  // Tiles end with a row, or with two that are half a tile each, where pixels of several do not
  // lie as one.
  void MultiplyPixels(BlockedTile& tile, const PixelRange& range, Pass* pass) const {
    const size_t most = table_.blocked_pixels[kSliceVectors];
    const bool pairs = range.width * 2 == most && range.joined > range.width;
    const size_t row = rows_.evenly() ? range.end - range.begin : pairs ? most : range.width;
    for (size_t p = range.begin; p < range.end; p += tile.run) {
      tile.run = std::min({most, row - (p - range.begin) % row, range.end - p});
      tile.x_at = pixels_.x.data() + p;
      tile.out_at = pixels_.out.data() + p;
      tile.residual_at = pixels_.residual.data() + p;
      tile.sums = pass->sums + p * table_.direct_channels;
      // A line with each product: the first tiles bring the weights that follow, others what is
      // converted next, and the rest the pixels of the next tile.
      const size_t lines = tile.k * tile.chains * kLineFloats;
      const bool weights = pass->fetched < pass->weights;
      const float* next = weights ? pass->following + pass->fetched : pass->source->Take(lines);
      pass->fetched += weights ? lines : 0;
      tile.product = (next ? next_lines_ : next_pixels_).data() + range.product;
      tile.ahead = next ? next - range.left_out * kLineFloats
                        : tile.x + pixels_.x[p + tile.run < range.end ? p + tile.run : range.begin];
      table_.blocked_tile_bf16(tile);
    }
  }

  // What is more than a clamp follows on rows that are still in the caches.
  void Finish(const ConvRun& run, OutputPart part, size_t images) const {
    const size_t at = part.slice * kSliceVectors;
    for (size_t i = 0; i < images; ++i, ++part.image) {
      if (!Finishes()) {
        store_.Store(run, part);
        part.sums += part.rows * part.width * table_.direct_channels;
      } else if (epilogue_.rows) {
        ActivateBlocks(*layer_, planes_.out, at, std::min(kSliceVectors, vectors_ - at), part.rows,
                       part.width, run.out + planes_.out.At(part.image, at, part.row));
      }
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DirectWeights> weights_;
  ConvShape shape_;
  OutputStore store_;
  Epilogue epilogue_;
  const KernelTable& table_;
  BlockedPlanes planes_;
  BlockedCut cut_;
  ConvertedRows rows_;
  InsideWalk inside_;
  PixelOffsets pixels_;
  std::vector<BlockedProduct> next_pixels_, next_lines_;
  AlignedBuffer bias_;
  size_t bands_, parts_, vectors_;
};

}  // namespace

bool HasPairs(const ConvLayer& layer) {
  return layer.precision == Precision::kBfloat16 && layer.table->blocked_tile_bf16;
}

bool DirectBf16Fits(const ConvLayer& layer, const ConvShape& shape) {
  if (!HasPairs(layer) || shape.batch * Volume(shape.out) == 0) return false;
  if (!shape.x_layout.blocked) return DirectFits(layer, shape);
  return layer.geometry.groups == 1 && BlockedDirectFits(layer, shape);
}

std::unique_ptr<ConvAlgorithm> MakeDirectBf16Conv(std::shared_ptr<const ConvLayer> layer,
                                                  std::shared_ptr<const DirectWeights> weights,
                                                  const ConvShape& shape, size_t threads,
                                                  const OutputGrid* grid) {
  return std::make_unique<DirectBf16Conv>(std::move(layer), std::move(weights), shape, threads,
                                         grid);
}

}  // namespace convfuse
