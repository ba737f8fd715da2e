#include "ops/conv_winograd.h"

#include <algorithm>

#include "ops/output_store.h"

namespace convfuse {

namespace {

// A row of tiles longer than this is cut.
constexpr size_t kMostWide = 64;

// Tiles of a block, whose transforms the weights are multiplied with while both are in the L2
// cache.  From 256 channels on, F2's weights (4 MB) are read from farther away: more tiles a read.
size_t WantedTiles(WinogradKind kind, size_t channels) {
  return kind == WinogradKind::kF2 && channels >= 256 ? 112 : 56;
}

// Point matrices end this many floats apart, so that their starts fall into different cache sets.
constexpr size_t kPadding = 16;

// Whole tiles are read from blocks: those that reach past the last output need a wider halo.
bool HaloHoldsTiles(WinogradKind kind, const ConvShape& shape) {
  const WinogradSizes& sizes = kWinogradSizes[static_cast<int>(kind)];
  const auto holds = [&](int a, size_t begin, size_t end) {
    const size_t reads = (CeilDiv(shape.out[a], sizes.outputs) - 1) * sizes.step + sizes.tile;
    return begin >= shape.pad_begin[a] && reads <= shape.pad_begin[a] + shape.in[a] + end;
  };
  const Layout& x = shape.x_layout;
  return shape.out[2] <= kMostWide * sizes.outputs && Volume(shape.out) > 0 &&
         holds(1, x.top, x.bottom) && holds(2, x.left, x.right);
}

// Blocks have one group, and no phases.
bool LayoutsFit(WinogradKind kind, const ConvLayer& layer, const ConvShape& shape) {
  const Layout& out = shape.out_layout;
  if (out.blocked != shape.residual_layout.blocked) return false;
  if ((shape.x_layout.blocked || out.blocked) && layer.geometry.groups != 1) return false;
  if (out.blocked && !SuitsBlocks(layer.activation)) return false;
  return !shape.x_layout.blocked ||
         (WinogradPhases(kind) == 1 && HaloHoldsTiles(kind, shape));
}

}  // namespace

bool WinogradFits(WinogradKind kind, const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  const bool fast = kind == WinogradKind::kF4 || kind == WinogradKind::kPolyphase;
  if (layer.precision == Precision::kStrict) return false;
  if (fast && layer.precision != Precision::kFast) return false;
  if (g.transposed || g.kernel[0] != 1 || g.stride[0] != 1 || shape.pad_begin[0] != 0 ||
      shape.in[0] != 1 || shape.out[0] != 1 || layer.GroupIn() == 0)
    return false;
  if (layer.GroupIn() == 1 && g.groups > 1) return false;  // depthwise: no matrix to speak of
  if (!LayoutsFit(kind, layer, shape)) return false;
  if (g.dilation[1] != 1 || g.dilation[2] != 1 || g.stride[1] != g.stride[2]) return false;
  const size_t stride = g.stride[1];
  const size_t low = std::min(g.kernel[1], g.kernel[2]), high = std::max(g.kernel[1], g.kernel[2]);
  switch (kind) {
    case WinogradKind::kStride2:
      return stride == 2 && low == 3 && high == 3;
    case WinogradKind::kPolyphase:
      return stride == 2 && low >= 7 && high <= 8;
    default:
      return stride == 1 && low == 3 && high == 3;
  }
}

namespace {

// Products summed before they are added to the rest: their weights and a tile stay in an L1 of 32 KB.
constexpr size_t kMostProducts = 288;

class WinogradConv final : public ConvAlgorithm {
 public:
  WinogradConv(WinogradKind kind, std::shared_ptr<const ConvLayer> layer,
               std::shared_ptr<const WinogradWeights> weights, const ConvShape& shape,
               size_t threads)
      : kind_(kind), sizes_(kWinogradSizes[static_cast<int>(kind)]), layer_(std::move(layer)),
        weights_(std::move(weights)), shape_(shape), store_(*layer_, shape_), table_(*layer_->table),
        x_(shape.x_layout, table_.lanes, layer_->geometry.channels_in, shape.in[1], shape.in[2]) {
    if (shape.batch * Volume(shape_.out) == 0) return;
    const size_t wide = CeilDiv(shape_.out[2], sizes_.outputs);
    parts_ = CeilDiv(wide, kMostWide);
    wide_ = CeilDiv(wide, parts_);
    parts_ = CeilDiv(wide, wide_);
    high_ = CeilDiv(shape_.out[1], sizes_.outputs);
    const size_t all = shape_.batch * high_;
    const size_t wanted = std::max<size_t>(1, WantedTiles(kind, weights_->channels()) / wide_);
    const size_t groups = layer_->geometry.groups;
    blocks_ = CeilDiv(all, wanted);
    // As many to each thread, if there are several.
    if (blocks_ * parts_ * groups >= 2 * threads) blocks_ = RoundUp(blocks_, threads);
    rows_ = CeilDiv(all, std::min(all, blocks_));
    blocks_ = CeilDiv(all, rows_);
    shared_ = threads > 1 && TaskCount() < 2 * threads;
    tiles_ = rows_ * wide_;
    vectors_ = CeilDiv(weights_->channels(), table_.lanes);
    input_stride_ = vectors_ * tiles_ * table_.lanes + kPadding;
    sums_stride_ = tiles_ * table_.direct_channels + kPadding;
    run_ = CeilDiv(tiles_, CeilDiv(tiles_, table_.direct_pixels));
    sum_blocks_ = CeilDiv(weights_->channels(), kMostProducts);
    const size_t lanes = table_.lanes, lines = CeilDiv(run_ * lanes, kLineFloats);
    for (size_t k = 0; k < weights_->channels(); ++k) {
      const size_t vector = k / lanes * tiles_ * lanes, line = std::min(k % lanes, lines - 1);
      products_.push_back({static_cast<uint32_t>(vector + k % lanes),
                           static_cast<uint32_t>(vector + line * kLineFloats)});
    }
    last_products_ = products_;
    for (size_t block = 0; block < sum_blocks_; ++block)
      for (size_t k = SumBegin(block); k < SumBegin(block + 1); ++k)
        last_products_[k].ahead = static_cast<uint32_t>((k - SumBegin(block)) * kLineFloats);
    for (size_t t = 0; t < tiles_; ++t) tile_at_.push_back(static_cast<uint32_t>(t * table_.lanes));
  }

  std::string Name() const override {
    constexpr const char* kNames[] = {"winograd F(2x2,3x3)", "winograd F(4x4,3x3)",
                                      "winograd stride 2, 2x2", "polyphase winograd F(3x3,4x4)"};
    return kNames[static_cast<int>(kind_)];
  }

  size_t WorkspaceFloats(size_t threads) const override {
    return threads * SlotFloats() + (shared_ ? TaskCount() * InputFloats() : 0);
  }

  void Run(const ConvRun& run) const override {
    if (TaskCount() == 0) return;
    float* inputs = run.workspace + run.threads * SlotFloats();
    const auto slot_of = [&](size_t slot) { return run.workspace + slot * SlotFloats(); };
    if (!shared_) {
      run.pool->ParallelFor(TaskCount(), run.threads, [&](size_t task, size_t slot) {
        if (run.Cancelled()) return;
        const Block block = BlockOf(task);
        float* scratch = slot_of(slot);
        float* input = scratch + CopyFloats() + SumsFloats() + PixelFloats();
        for (size_t v = 0; v < vectors_; ++v) TransformIn(run, block, v, scratch, input);
        for (size_t s = 0; s < weights_->slices(); ++s)
          MultiplyOut(run, block, s, input, scratch + CopyFloats());
      });
      return;
    }
    // Too few blocks for the threads: they share the work inside each.
    run.pool->ParallelFor(TaskCount() * vectors_, run.threads, [&](size_t task, size_t slot) {
      if (run.Cancelled()) return;
      const size_t block = task / vectors_;
      TransformIn(run, BlockOf(block), task % vectors_, slot_of(slot),
                  inputs + block * InputFloats());
    });
    run.pool->ParallelFor(TaskCount() * weights_->slices(), run.threads,
                          [&](size_t task, size_t slot) {
      if (run.Cancelled()) return;
      const size_t block = task % TaskCount();
      MultiplyOut(run, BlockOf(block), task / TaskCount(), inputs + block * InputFloats(),
                  slot_of(slot) + CopyFloats());
    });
  }

 private:
  // Rows of tiles [row, row + rows), counted over the batch, and one part of their width.
  struct Block {
    size_t group, part, row, rows;
  };
  // The part of a block that lies in one image.
  struct Segment {
    size_t image, row, rows;  // tile rows of the image
    size_t first;             // tile of the block
  };

  size_t TaskCount() const { return layer_->geometry.groups * parts_ * blocks_; }
  size_t CopyWidth() const { return (wide_ - 1) * sizes_.step + sizes_.tile; }
  size_t CopyFloats() const {
    if (shape_.x_layout.blocked) return 0;
    const size_t rows = (std::min(rows_, high_) - 1) * sizes_.step + sizes_.tile;
    return rows * CopyWidth() * table_.lanes;
  }
  size_t SumsFloats() const { return sizes_.Points() * sums_stride_; }
  size_t PixelFloats() const {
    return tiles_ * sizes_.outputs * sizes_.outputs * table_.direct_channels;
  }
  size_t InputFloats() const { return RoundUp(sizes_.Points() * input_stride_, 16); }
  size_t SlotFloats() const {
    if (TaskCount() == 0) return 0;
    return RoundUp(CopyFloats() + SumsFloats() + PixelFloats(), 16) +
           (shared_ ? 0 : InputFloats());
  }

  Block BlockOf(size_t task) const {
    Block b;
    const size_t block = task % blocks_;
    b.part = task / blocks_ % parts_;
    b.group = task / (blocks_ * parts_);
    b.row = block * rows_;
    b.rows = std::min(rows_, shape_.batch * high_ - b.row);
    return b;
  }

  template <class Body>
  void ForEachSegment(const Block& b, const Body& body) const {
    for (size_t row = b.row, end = b.row + b.rows; row < end;) {
      Segment s;
      s.image = row / high_;
      s.row = row % high_;
      s.rows = std::min(high_ - s.row, end - row);
      s.first = (row - b.row) * wide_;
      body(s);
      row += s.rows;
    }
  }

  // Channels [v * lanes, ...) of a block: from planes to lanes, then to points.
  void TransformIn(const ConvRun& run, const Block& b, size_t v, float* copy_to,
                   float* input) const {
    if (shape_.x_layout.blocked) return TransformBlocks(run, b, v, input);
    const size_t plane = shape_.in[1] * shape_.in[2], phases = WinogradPhases(kind_);
    const size_t group_in = layer_->GroupIn();
    const size_t stride = phases > 1 ? 2 : 1;
    BlockedCopy copy = {};
    copy.in_height = shape_.in[1];
    copy.in_width = shape_.in[2];
    copy.stride = stride;
    copy.width = CopyWidth();
    copy.out = copy_to;
    copy.col = static_cast<ptrdiff_t>(b.part * wide_ * sizes_.step * stride) -
               static_cast<ptrdiff_t>(shape_.pad_begin[2]);
    ForEachSegment(b, [&](const Segment& s) {
      for (size_t l = 0; l < table_.lanes; ++l) {
        const size_t c = v * table_.lanes + l;
        if (c >= weights_->channels()) break;
        const size_t from = (s.image * layer_->geometry.groups + b.group) * group_in + c / phases;
        copy.plane[l] = run.x + from * plane;
        copy.dy[l] = static_cast<uint8_t>(c % phases / 2);
        copy.dx[l] = static_cast<uint8_t>(c % phases % 2);
      }
      copy.row = static_cast<ptrdiff_t>(s.row * sizes_.step * stride) -
                 static_cast<ptrdiff_t>(shape_.pad_begin[1]);
      copy.rows = (s.rows - 1) * sizes_.step + sizes_.tile;
      table_.blocked_copy(copy);
      WinogradInput transform = {};
      transform.in = copy_to;
      transform.width = copy.width;
      transform.tiles_high = s.rows;
      transform.tiles_wide = wide_;
      transform.v = input + (v * tiles_ + s.first) * table_.lanes;
      transform.point_stride = input_stride_;
      table_.winograd_input[static_cast<int>(kind_)](transform);
    });
  }

  // The same from blocks, where channels lie in lanes already.
  void TransformBlocks(const ConvRun& run, const Block& b, size_t v, float* input) const {
    ForEachSegment(b, [&](const Segment& s) {
      WinogradInput transform = {};
      transform.in = run.x + s.image * x_.image + v * x_.block + x_.origin +
                     s.row * sizes_.step * x_.row - shape_.pad_begin[1] * x_.row +
                     (b.part * wide_ * sizes_.step - shape_.pad_begin[2]) * table_.lanes;
      transform.width = x_.row / table_.lanes;
      transform.tiles_high = s.rows;
      transform.tiles_wide = wide_;
      transform.v = input + (v * tiles_ + s.first) * table_.lanes;
      transform.point_stride = input_stride_;
      table_.winograd_input[static_cast<int>(kind_)](transform);
    });
  }

  size_t SumBegin(size_t block) const { return weights_->channels() * block / sum_blocks_; }

  // One slice of output channels of a block.
  void MultiplyOut(const ConvRun& run, const Block& b, size_t slice, const float* input,
                   float* scratch) const {
    float* sums = scratch;
    float* pixels = scratch + SumsFloats();
    const size_t tiles = b.rows * wide_;
    BlockedTile tile = {};
    tile.vectors = 2;
    tile.step = table_.lanes;
    for (size_t p = 0; p < sizes_.Points(); ++p)
      for (size_t block = 0; block < sum_blocks_; ++block) {
        const size_t begin = SumBegin(block);
        tile.k = SumBegin(block + 1) - begin;
        tile.weight = weights_->Slice(b.group, slice, p) + begin * table_.direct_channels;
        tile.add = block > 0;
        tile.x = input + p * input_stride_;
        for (size_t t = 0; t < tiles; t += tile.run) {
          tile.run = std::min(run_, tiles - t);
          tile.x_at = tile_at_.data() + t;
          tile.sums = sums + p * sums_stride_ + t * table_.direct_channels;
          // The next tiles, and with the last of them the weights that follow; sooner where there are so
          // few that the weights come from memory.
          const bool weights = t + tile.run >= tiles || (t == 0 && tiles <= 4 * run_);
          tile.ahead = weights ? tile.weight + tile.k * table_.direct_channels
                            : tile.x + tile_at_[t + tile.run];
          tile.product = (weights ? last_products_ : products_).data() + begin;
          table_.blocked_tile(tile);
        }
      }
    ForEachSegment(b, [&](const Segment& s) {
      const size_t y = s.row * sizes_.outputs, x = b.part * wide_ * sizes_.outputs;
      WinogradOutput transform = {};
      transform.sums = sums + s.first * table_.direct_channels;
      transform.point_stride = sums_stride_;
      transform.tiles_high = s.rows;
      transform.out = pixels;
      transform.height = std::min(s.rows * sizes_.outputs, shape_.out[1] - y);
      transform.width = std::min(wide_ * sizes_.outputs, shape_.out[2] - x);
      transform.tiles_wide = wide_;
      table_.winograd_output[static_cast<int>(kind_)](transform);
      store_.Store(run, {s.image, b.group, slice, y, x, transform.height, transform.width, pixels,
                         false});
    });
  }

  WinogradKind kind_;
  WinogradSizes sizes_;
  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const WinogradWeights> weights_;
  ConvShape shape_;
  OutputStore store_;
  const KernelTable& table_;
  BlockedStrides x_;
  std::vector<BlockedProduct> products_, last_products_;  // with the next tiles, or weights, ahead
  std::vector<uint32_t> tile_at_;
  size_t sum_blocks_ = 1;
  // In tiles: columns of a part, rows of an image, rows and tiles of a block.
  size_t wide_ = 1, high_ = 1, rows_ = 1, tiles_ = 0;
  size_t parts_ = 0, blocks_ = 0;
  size_t vectors_ = 0;  // of channels
  size_t input_stride_ = 0, sums_stride_ = 0, run_ = 1;
  bool shared_ = false;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeWinogradConv(WinogradKind kind,
                                                std::shared_ptr<const ConvLayer> layer,
                                                std::shared_ptr<const WinogradWeights> weights,
                                                const ConvShape& shape, size_t threads) {
  return std::make_unique<WinogradConv>(kind, std::move(layer), std::move(weights), shape,
                                        threads);
}

}  // namespace convfuse
