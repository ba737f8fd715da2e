#include "ops/conv_winograd.h"

#include <algorithm>

#include "ops/output_store.h"
#include "ops/winograd_grid.h"

namespace convfuse {
namespace {

// Floats between the matrices of two points, so that these begin in different cache sets.
constexpr size_t kPadding = 16;

// About how many products are summed before they are added to the rest: their weights and a tile
// stay in an L1 of 32 KB.
constexpr size_t kMostProducts = 288;

class WinogradConv final : public ConvAlgorithm {
 public:
  WinogradConv(WinogradKind kind, std::shared_ptr<const ConvLayer> layer,
               std::shared_ptr<const WinogradWeights> weights, const ConvShape& shape,
               size_t threads)
      : kind_(kind), sizes_(kWinogradSizes[static_cast<int>(kind)]), layer_(std::move(layer)),
        weights_(std::move(weights)), shape_(shape), store_(*layer_, shape_),
        table_(*layer_->table),
        x_(shape.x_layout, table_.lanes, layer_->geometry.channels_in, shape.in[1], shape.in[2]),
        grid_(kind, shape, layer_->geometry.groups, weights_->channels(), threads) {
    if (grid_.BlockCount() == 0) return;
    shared_ = threads > 1 && grid_.BlockCount() < 2 * threads;
    vectors_ = CeilDiv(weights_->channels(), table_.lanes);
    input_stride_ = vectors_ * grid_.tiles() * table_.lanes + kPadding;
    sums_stride_ = grid_.tiles() * table_.direct_channels + kPadding;
    sum_blocks_ = CeilDiv(weights_->channels(), kMostProducts);
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
        const Block block = grid_.BlockOf(task);
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
      TransformIn(run, grid_.BlockOf(block), task % vectors_, slot_of(slot),
                  inputs + block * InputFloats());
    });
    run.pool->ParallelFor(TaskCount() * weights_->slices(), run.threads,
                          [&](size_t task, size_t slot) {
      if (run.Cancelled()) return;
      const size_t block = task % TaskCount();
      MultiplyOut(run, grid_.BlockOf(block), task / TaskCount(), inputs + block * InputFloats(),
                  slot_of(slot) + CopyFloats());
    });
  }

 private:
  using Block = WinogradGrid::Block;
  using Segment = WinogradGrid::Segment;

  size_t TaskCount() const { return grid_.BlockCount(); }
  size_t CopyWidth() const { return (grid_.wide() - 1) * sizes_.step + sizes_.tile; }
  size_t CopyFloats() const {
    if (shape_.x_layout.blocked) return 0;
    const size_t rows = (std::min(grid_.rows(), grid_.high()) - 1) * sizes_.step + sizes_.tile;
    return rows * CopyWidth() * table_.lanes;
  }
  size_t SumsFloats() const { return sizes_.Points() * sums_stride_; }
  size_t PixelFloats() const {
    return grid_.tiles() * sizes_.outputs * sizes_.outputs * table_.direct_channels;
  }
  size_t InputFloats() const { return RoundUp(sizes_.Points() * input_stride_, 16); }
  size_t SlotFloats() const {
    if (TaskCount() == 0) return 0;
    return RoundUp(CopyFloats() + SumsFloats() + PixelFloats(), 16) +
           (shared_ ? 0 : InputFloats());
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
    copy.col = static_cast<ptrdiff_t>(b.column * sizes_.step * stride) -
               static_cast<ptrdiff_t>(shape_.pad_begin[2]);
    grid_.ForEachSegment(b, [&](const Segment& s) {
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
      transform.step = sizes_.step;
      transform.tiles_high = s.rows;
      transform.tiles_wide = b.wide;
      transform.v = input + (v * grid_.tiles() + s.first) * table_.lanes;
      transform.point_stride = input_stride_;
      table_.winograd_input[static_cast<int>(kind_)](transform);
    });
  }

  // The same from blocks, where channels lie in lanes already.
  void TransformBlocks(const ConvRun& run, const Block& b, size_t v, float* input) const {
    grid_.ForEachSegment(b, [&](const Segment& s) {
      WinogradInput transform = {};
      transform.in = run.x + s.image * x_.image + v * x_.block + x_.origin +
                     s.row * sizes_.step * x_.row - shape_.pad_begin[1] * x_.row +
                     (b.column * sizes_.step - shape_.pad_begin[2]) * table_.lanes;
      transform.width = x_.row / table_.lanes;
      transform.step = sizes_.step;
      transform.tiles_high = s.rows;
      transform.tiles_wide = b.wide;
      transform.v = input + (v * grid_.tiles() + s.first) * table_.lanes;
      transform.point_stride = input_stride_;
      table_.winograd_input[static_cast<int>(kind_)](transform);
    });
  }

  // Channel at which a block of products begins: the first of a vector.
  size_t SumBegin(size_t block) const {
    if (block == sum_blocks_) return weights_->channels();
    return vectors_ * block / sum_blocks_ * table_.lanes;
  }

  // One slice of output channels of a block.
  void MultiplyOut(const ConvRun& run, const Block& b, size_t slice, const float* input,
                   float* scratch) const {
    float* sums = scratch;
    float* pixels = scratch + SumsFloats();
    const size_t vectors = CeilDiv(
        std::min(layer_->GroupOut() - slice * table_.direct_channels, table_.direct_channels),
        table_.lanes);
    WinogradProduct product = {};
    product.vectors = vectors;
    product.tiles = b.rows * b.wide;
    product.vector_stride = grid_.tiles() * table_.lanes;
    for (size_t p = 0; p < sizes_.Points(); ++p) {
      product.sums = sums + p * sums_stride_;
      for (size_t block = 0; block < sum_blocks_; ++block) {
        const size_t begin = SumBegin(block);
        product.channels = SumBegin(block + 1) - begin;
        product.v = input + p * input_stride_ + begin * grid_.tiles();
        product.weight = weights_->Slice(b.group, slice, p) + begin * table_.direct_channels;
        product.add = block > 0;
        // The weights of the next product follow in memory.
        product.ahead = product.weight + product.channels * table_.direct_channels;
        table_.winograd_product(product);
      }
    }
    grid_.ForEachSegment(b, [&](const Segment& s) {
      const size_t y = s.row * sizes_.outputs, x = b.column * sizes_.outputs;
      WinogradOutput transform = {};
      transform.sums = sums + s.first * table_.direct_channels;
      transform.vectors = vectors;
      transform.point_stride = sums_stride_;
      transform.tiles_high = s.rows;
      transform.out = pixels;
      transform.height = std::min(s.rows * sizes_.outputs, shape_.out[1] - y);
      transform.width = std::min(b.wide * sizes_.outputs, shape_.out[2] - x);
      transform.tiles_wide = b.wide;
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
  WinogradGrid grid_;
  size_t sum_blocks_ = 1;
  size_t vectors_ = 0;  // of channels
  size_t input_stride_ = 0, sums_stride_ = 0;
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
