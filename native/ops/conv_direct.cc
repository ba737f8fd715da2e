#include "ops/conv_direct.h"

#include <algorithm>
#include <optional>

#include "ops/conv_rows.h"
#include "ops/integers.h"
#include "ops/output_store.h"
#include "ops/padded_rows.h"

namespace convfuse {
namespace {

// Sums of a task stay in this many bytes: half of a 512 KB L2.
constexpr size_t kSumsBytes = 256 << 10;

// Most products of a pixel in one call of a tile: the weights of more would not stay in L1.
constexpr size_t kFewProducts = 288;

}  // namespace

bool DirectFits(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  if (g.transposed || g.kernel[0] != 1 || g.stride[0] != 1 || shape.pad_begin[0] != 0 ||
      shape.in[0] != 1 || shape.out[0] != 1)
    return false;
  // Blocked outputs are stored for one group only.
  if (shape.x_layout.blocked || shape.residual_layout.blocked != shape.out_layout.blocked)
    return false;
  if (shape.out_layout.blocked && g.groups > 1) return false;
  // A row is copied whole, and reach is copied with it: neither may grow without bound.
  return g.stride[2] <= 2 && g.stride[1] <= 8 && layer.Taps() <= 144 && layer.GroupIn() > 0 &&
         shape.out[2] <= 1024 && (g.kernel[1] - 1) * g.dilation[1] <= 64 &&
         (g.kernel[2] - 1) * g.dilation[2] <= 64;
}

bool HasFewProducts(const ConvLayer& layer, const ConvShape& shape) {
  return layer.geometry.groups == 1 && layer.GroupIn() * layer.Taps() <= kFewProducts &&
         shape.batch * Volume(shape.out) > 0 && DirectFits(layer, shape) &&
         layer.GroupIn() % ProductBlocks(layer, layer.GroupIn()) == 0;
}

namespace {

class DirectConv final : public ConvAlgorithm {
 public:
  DirectConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const DirectWeights> weights,
             const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        store_(*layer_, shape_), table_(*layer_->table) {
    if (shape.batch * Volume(shape_.out) == 0) return;
    if (Pointwise()) Flatten();
    out_width_ = shape_.out[2];
    ChooseTile();
    Split(threads);
    copied_.emplace(*layer_, weights_->most_elements(), rows_, out_width_);
    copied_->Stagger();
    offsets_ = copied_->Offsets();
  }

  std::string Name() const override {
    return "direct " + std::to_string(table_.direct_pixels) + "x" +
           std::to_string(table_.direct_channels);
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    const size_t tasks = shape_.batch * layer_->geometry.groups * bands_ * splits_;
    run.pool->ParallelFor(tasks, run.threads, [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunTask(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  size_t CopyFloats() const { return copied_ ? RoundUp(copied_->Floats(), 16) : 0; }
  size_t SliceFloats() const { return rows_ * out_width_ * table_.direct_channels; }
  size_t SlotFloats() const {
    return CopyFloats() + RoundUp(CeilDiv(weights_->slices(), splits_) * SliceFloats(), 16);
  }

  bool Pointwise() const {
    const ConvGeometry& g = layer_->geometry;
    return !shape_.out_layout.blocked && layer_->Taps() == 1 && g.stride[1] == 1 &&
           g.stride[2] == 1 && std::equal(shape_.in, shape_.in + 3, shape_.out) &&
           shape_.pad_begin[1] == 0 && shape_.pad_begin[2] == 0;
  }

  // Joins rows of a pointwise layer, until one has four tiles or more: fewer tiles are then cut
  // short by the end of a row.
  void Flatten() {
    const size_t height = shape_.in[1], width = shape_.in[2];
    size_t rows = 1;
    while (rows < height && (height % rows != 0 || rows * width < 4 * table_.direct_pixels)) ++rows;
    shape_.in[1] = shape_.out[1] = height / rows;
    shape_.in[2] = shape_.out[2] = width * rows;
  }

  // Pixels of a row in equal runs; two rows at once where a row is short.
  void ChooseTile() {
    const size_t parts = CeilDiv(out_width_, table_.direct_pixels);
    run_ = CeilDiv(out_width_, parts);
    paired_ = parts == 1 && 2 * out_width_ <= table_.direct_pixels;
  }

  // Bands of output rows.  Output channels too when bands alone leave a thread without work, or
  // would have each thread read all of large weights.
  void Split(size_t threads) {
    const size_t height = shape_.out[1];
    const size_t row_bytes =
        out_width_ * weights_->slices() * table_.direct_channels * sizeof(float);
    size_t rows = std::min(height, std::max<size_t>(1, kSumsBytes / row_bytes));
    const size_t instances = shape_.batch * layer_->geometry.groups;
    const size_t wanted = threads > 1 ? 2 * threads : 1;
    const bool large = layer_->GroupIn() * layer_->Taps() * weights_->slices() *
                           table_.direct_channels > kLargeWeights;
    // Narrow bands copy their border rows again: below 4 rows, channels are split instead.
    while (!large && rows > 4 && instances * CeilDiv(height, rows) < wanted) --rows;
    // Rows that together are whole vectors of pixels.
    store_rows_ = 1;
    while (store_rows_ * out_width_ % table_.lanes != 0) ++store_rows_;
    bands_ = CeilDiv(height, rows);
    // The same number for every thread, if there are several.
    if (instances == 1 && bands_ >= wanted) bands_ = std::min(height, RoundUp(bands_, threads));
    rows_ = CeilDiv(height, bands_);
    const size_t tasks = instances * bands_;
    splits_ = tasks < wanted
                  ? std::min(weights_->slices(), CeilDiv(large ? wanted : threads, tasks))
                  : 1;
  }

  void RunTask(const ConvRun& run, size_t task, float* scratch) const {
    const ConvGeometry& g = layer_->geometry;
    const size_t band = task % bands_;
    const size_t group = task / bands_ % g.groups;
    const size_t image = task / (bands_ * g.groups) % shape_.batch;
    const size_t split = task / (bands_ * g.groups * shape_.batch);
    const size_t slice_begin = EvenCut(weights_->slices(), split, splits_);
    const size_t slice_end = EvenCut(weights_->slices(), split + 1, splits_);
    const size_t row = EvenCut(shape_.out[1], band, bands_);
    const size_t rows = EvenCut(shape_.out[1], band + 1, bands_) - row;
    const size_t plane = shape_.in[1] * shape_.in[2];
    const float* x = run.x + (image * g.groups + group) * layer_->GroupIn() * plane;
    float* sums = scratch + CopyFloats();

    PaddedCopy copy = copied_->CopyFor(shape_, run.first_row + row, rows, scratch);
    for (size_t b = 0; b < weights_->blocks(); ++b) {
      copy.in = x + weights_->ElementBegin(b) * plane;
      copy.channels = weights_->Elements(b);
      table_.copy_padded(copy);
      for (size_t s = slice_begin; s < slice_end; ++s) {
        const float* weight = weights_->Slice(group, b, s);
        const float* next = s + 1 < slice_end ? weights_->Slice(group, b, s + 1)
                            : b + 1 < weights_->blocks()
                                ? weights_->Slice(group, b + 1, slice_begin)
                                : weights_->Slice(group, 0, slice_begin);  // another band's first
        float* slice = sums + (s - slice_begin) * SliceFloats();
        if (b + 1 < weights_->blocks()) {
          Multiply(b, 0, rows, weight, next, scratch, slice);
          continue;
        }
        // Storing a few rows at a time lets the memory take them while the next are computed.
        for (size_t y = 0; y < rows; y += store_rows_) {
          const size_t some = std::min(store_rows_, rows - y);
          Multiply(b, y, some, weight, next, scratch, slice);
          store_.Store(run, {image, group, s, row + y, 0, some, out_width_,
                             slice + y * out_width_ * table_.direct_channels, true});
        }
      }
    }
  }

  // Output rows [row, row + rows) of the band.
  void Multiply(size_t block, size_t row, size_t rows, const float* weight, const float* next,
                const float* x, float* sums) const {
    const ConvGeometry& g = layer_->geometry;
    DirectTile tile = {};
    tile.k = weights_->Elements(block) * layer_->Taps();
    tile.offset = offsets_.data();
    tile.jump = g.stride[1] * copied_->row_stride;
    tile.step = g.stride[2];
    tile.weight = weight;
    tile.add = block > 0;
    // The weights that follow are fetched meanwhile, a line for each product of the first tiles.
    const size_t bytes = tile.k * table_.direct_channels * sizeof(float);
    const char* ahead = reinterpret_cast<const char*>(next);
    size_t fetched = row == 0 ? 0 : bytes;
    for (size_t y = row; y < row + rows; y += tile.runs) {
      tile.runs = paired_ && y + 1 < row + rows ? 2 : 1;
      for (size_t i = 0; i < out_width_; i += run_) {
        tile.run = std::min(run_, out_width_ - i);
        tile.x = x + y * tile.jump + i * g.stride[2];
        tile.sums = sums + (y * out_width_ + i) * table_.direct_channels;
        // No more than these weights: more would drive what is needed out of the caches.
        tile.prefetch = fetched < bytes ? ahead + fetched : nullptr;
        fetched += tile.k * 64;
        table_.direct_tile(tile);
      }
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DirectWeights> weights_;
  ConvShape shape_;
  OutputStore store_;
  const KernelTable& table_;
  std::optional<PaddedRows> copied_;  // none where there is no output
  std::vector<uint32_t> offsets_;
  size_t out_width_ = 0, run_ = 0, rows_ = 0, store_rows_ = 1, bands_ = 0, splits_ = 1;
  bool paired_ = false;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeDirectConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const DirectWeights> weights,
                                              const ConvShape& shape, size_t threads) {
  if (HasFewProducts(*layer, shape))
    return MakeRowsConv(std::move(layer), std::move(weights), shape, threads);
  return std::make_unique<DirectConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
