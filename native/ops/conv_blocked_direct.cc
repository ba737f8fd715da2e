#include <algorithm>

#include "ops/conv_blocked.h"
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
  if (!BlockedFits(layer, shape) || g.groups != 1 || g.stride[2] > 2) return false;
  if (shape.residual_layout.blocked != shape.out_layout.blocked) return false;
  if (shape.out_layout.blocked && !SuitsBlocks(layer.activation)) return false;
  const BlockedStrides x(shape.x_layout, layer.table->lanes, g.channels_in, shape.in[1],
                         shape.in[2]);
  return x.image <= UINT32_MAX;  // offsets into an image have 32 bits
}

namespace {

// A block of channels of a band's input, and its sums, stay in this many bytes: half of a 512 KB
// L2.  The weights pass through once per band.
constexpr size_t kBandBytes = 256 << 10;
// Fewer pixels would read the weights too often, more gain nothing.
constexpr size_t kFewestPixels = 48, kMostPixels = 256;

constexpr size_t kBlocks = 2;  // in direct_channels

// Pixels of the next tile.  One of one or two pixels takes as long as one of four: its products wait
// for each other.
size_t RunLength(size_t left, size_t most) {
  return left > most && left < most + 3 ? CeilDiv(left, 2) : std::min(left, most);
}

class BlockedDirectConv final : public ConvAlgorithm {
 public:
  BlockedDirectConv(std::shared_ptr<const ConvLayer> layer,
                    std::shared_ptr<const DirectWeights> weights, const ConvShape& shape,
                    size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        store_(*layer_, shape_), epilogue_(layer_->activation), table_(*layer_->table),
        out_(shape.out_layout, table_.lanes, layer_->geometry.channels_out, shape.out[1],
             shape.out[2]),
        add_(shape.residual_layout, table_.lanes, layer_->geometry.channels_out, shape.out[1],
             shape.out[2]),
        x_(shape.x_layout, table_.lanes, layer_->geometry.channels_in, shape.in[1], shape.in[2]) {
    const ConvGeometry& g = layer_->geometry;
    for (size_t c = 0; c < layer_->GroupIn(); ++c)
      for (size_t y = 0; y < g.kernel[1]; ++y)
        for (size_t x = 0; x < g.kernel[2]; ++x)
          offsets_.push_back(static_cast<uint32_t>(
              c / table_.lanes * x_.block + c % table_.lanes + y * g.dilation[1] * x_.row +
              x * g.dilation[2] * table_.lanes));
    const size_t height = shape_.out[1], width = shape_.out[2];
    const size_t channels = g.channels_out + weights_->most_elements() * g.stride[2] * g.stride[1];
    const size_t pixels = std::min(
        kMostPixels, std::max(kFewestPixels, kBandBytes / (channels * sizeof(float))));
    const size_t rows = std::min(height, std::max<size_t>(1, pixels / width));
    bands_ = CeilDiv(height, rows);
    rows_ = CeilDiv(height, bands_);
    bands_ = CeilDiv(height, rows_);
    // Blocks take a tile as it is; what is more than a clamp is applied to whole rows.
    finishes_ = shape_.out_layout.blocked && !epilogue_.rows;
    // Rows that follow one another are one row of pixels.
    const size_t dense_row = width * table_.lanes;
    one_row_ = x_.row == dense_row && g.stride[1] == 1 && g.stride[2] == 1 &&
               (!finishes_ || (out_.row == dense_row && add_.row == dense_row));
    bias_.Reserve(weights_->slices() * table_.direct_channels);
    std::fill_n(bias_.data(), bias_.size(), 0.0f);
    std::copy(layer_->bias.begin(), layer_->bias.end(), bias_.data());
    const size_t tasks = shape_.batch * bands_;
    splits_ = tasks < 4 * threads && threads > 1
                  ? std::min(weights_->slices(), CeilDiv(4 * threads, tasks))
                  : 1;
  }

  std::string Name() const override {
    return "direct " + std::to_string(table_.direct_pixels) + "x" +
           std::to_string(table_.direct_channels) + " on blocks";
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(shape_.batch * bands_ * splits_, run.threads,
                          [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunTask(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  size_t SliceFloats() const {
    return RoundUp(rows_ * shape_.out[2] * table_.direct_channels, 16);
  }
  size_t SlotFloats() const {
    return CeilDiv(weights_->slices(), splits_) * SliceFloats();
  }

  void RunTask(const ConvRun& run, size_t task, float* sums) const {
    const ConvGeometry& g = layer_->geometry;
    OutputPart part = {};
    const size_t band = task % bands_, split = task / (bands_ * shape_.batch);
    part.image = task / bands_ % shape_.batch;
    part.row = band * rows_;
    part.rows = std::min(rows_, shape_.out[1] - part.row);
    part.width = shape_.out[2];
    const size_t begin = weights_->slices() * split / splits_;
    const size_t end = weights_->slices() * (split + 1) / splits_;
    // The first tap of output (0, 0) lies in the halo, by the pads.
    const float* x = run.x + part.image * x_.image + x_.origin + part.row * g.stride[1] * x_.row -
                     shape_.pad_begin[1] * x_.row - shape_.pad_begin[2] * table_.lanes;
    for (size_t b = 0; b < weights_->blocks(); ++b)
      for (part.slice = begin; part.slice < end; ++part.slice) {
        float* slice = sums + (part.slice - begin) * SliceFloats();
        part.sums = slice;
        const bool finished = Multiply(run, part, b, x, slice);
        if (b + 1 == weights_->blocks() && !finished) store_.Store(run, part);
      }
  }

  // One block of products for all pixels of a part; whether they went out as results.
  bool Multiply(const ConvRun& run, const OutputPart& part, size_t block, const float* x,
                float* sums) const {
    const ConvGeometry& g = layer_->geometry;
    DirectTile tile = {};
    tile.k = weights_->Elements(block) * layer_->Taps();
    tile.offset = offsets_.data() + weights_->ElementBegin(block) * layer_->Taps();
    tile.weight = weights_->Slice(0, block, part.slice);
    tile.step = g.stride[2] * table_.lanes;
    tile.runs = 1;
    tile.add = block > 0;
    const bool last = block + 1 == weights_->blocks();
    // A slice of one vector of channels leaves registers for more pixels.
    const size_t channels = g.channels_out - part.slice * table_.direct_channels;
    const bool narrow = channels <= table_.lanes && tile.step == table_.lanes;
    tile.vectors = narrow ? 1 : kBlocks;
    const size_t most = narrow ? table_.narrow_pixels : table_.direct_pixels;
    // A second block that does not exist is not written.
    const bool finish = last && finishes_ && (narrow || channels > table_.lanes);
    const size_t at = part.image * out_.image + part.slice * kBlocks * out_.block + out_.origin;
    const size_t add_at = part.image * add_.image + part.slice * kBlocks * add_.block + add_.origin;
    if (finish) {
      const size_t first = part.slice * table_.direct_channels;
      tile.bias = bias_.data() + first;
      tile.out_block = out_.block;
      tile.residual_block = add_.block;
      tile.low = epilogue_.low;
      tile.high = epilogue_.high;
    }
    // The weights that are needed next follow these; they are fetched meanwhile, a line for each
    // product of the first tiles; more would drive what is needed out of the caches.
    const char* ahead = reinterpret_cast<const char*>(
        tile.weight + tile.k * table_.direct_channels);
    const size_t bytes = tile.k * table_.direct_channels * sizeof(float);
    size_t fetched = 0;
    const size_t width = one_row_ ? part.rows * part.width : part.width;
    for (size_t y = 0; y < (one_row_ ? 1 : part.rows); ++y)
      for (size_t i = 0; i < width; i += tile.run, fetched += 64 * tile.k) {
        tile.prefetch = fetched < bytes ? ahead + fetched : nullptr;
        tile.run = RunLength(width - i, most);
        tile.x = x + y * g.stride[1] * x_.row + i * tile.step;
        tile.sums = sums + (y * width + i) * table_.direct_channels;
        if (finish) {
          tile.out = run.out + at + (part.row + y) * out_.row + i * table_.lanes;
          if (run.residual)
            tile.residual = run.residual + add_at + (part.row + y) * add_.row + i * table_.lanes;
        }
        table_.direct_tile(tile);
      }
    return finish;
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const DirectWeights> weights_;
  ConvShape shape_;
  OutputStore store_;
  Epilogue epilogue_;
  const KernelTable& table_;
  BlockedStrides out_, add_, x_;
  AlignedBuffer bias_;
  std::vector<uint32_t> offsets_;
  size_t rows_ = 0, bands_ = 0, splits_ = 1;
  bool one_row_ = false;   // pixels of all rows follow one another
  bool finishes_ = false;  // the last tile of a pixel may write it out
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakeBlockedDirectConv(std::shared_ptr<const ConvLayer> layer,
                                                     std::shared_ptr<const DirectWeights> weights,
                                                     const ConvShape& shape, size_t threads) {
  return std::make_unique<BlockedDirectConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
