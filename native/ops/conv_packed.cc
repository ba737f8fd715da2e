#include "ops/conv_packed.h"

#include <algorithm>

#include "ops/epilogue.h"
#include "ops/integers.h"
#include "ops/output_lines.h"

namespace convfuse {
namespace {

// Outputs of a task stay in this many bytes, because every block of K adds to them: half of a
// 512 KB L2, the other half being for the weights that all panels of the task share.
constexpr size_t kTaskBytes = 256 << 10;

// Least pixels of a plane whose panels begin at cache lines of the output: that may take one panel
// more, which such a plane hardly notices.
constexpr size_t kLeastLinedPixels = 1024;

// A phase of PackedWeights on one input shape.
struct Grid {
  const PackedWeights::Phase* phase;
  size_t first[3], spread[3];  // output = first + spread * j, for j in size
  size_t size[3];
  size_t step[3];  // of the input per j
  size_t in[3], out[3];
  std::vector<Tap> taps;
  size_t pixels;
  size_t panels_per_task, tasks_per_group, row_splits;
  bool dense;      // consecutive j are consecutive outputs
  bool pointwise;  // and consecutive inputs: each channel is a row of B where it lies
  bool lined;      // panels begin at cache lines of the output
};

class PackedConv final : public ConvAlgorithm {
 public:
  PackedConv(std::shared_ptr<const ConvLayer> layer, std::shared_ptr<const PackedWeights> weights,
             const ConvShape& shape, size_t threads)
      : layer_(std::move(layer)), weights_(std::move(weights)), shape_(shape),
        epilogue_(layer_->activation), streams_(StreamsOutputs(*layer_, shape_)) {
    tile_ = Pairs() ? Table().gemm_tile_bf16 : Table().gemm_tile;
    pack_ = Pairs() ? Table().pack_panel_bf16 : Table().pack_panel;
    for (const PackedWeights::Phase& phase : weights_->phases()) {
      Grid grid = GridOf(phase);
      if (grid.pixels * shape_.batch * layer_->geometry.channels_out == 0) continue;
      Split(&grid, threads);
      tasks_ += shape_.batch * layer_->geometry.groups * grid.tasks_per_group * grid.row_splits;
      if (!grid.dense)
        sums_floats_ = std::max(sums_floats_, RowsPerSplit(grid) * TaskPixels(grid));
      grids_.push_back(std::move(grid));
    }
  }

  std::string Name() const override {
    return std::string(Pairs() ? "bfloat16 packed " : "packed ") + std::to_string(Table().mr) +
           "x" + std::to_string(Table().nr);
  }

  size_t WorkspaceFloats(size_t threads) const override { return threads * SlotFloats(); }

  void Run(const ConvRun& run) const override {
    run.pool->ParallelFor(tasks_, run.threads, [&](size_t task, size_t slot) {
      if (!run.Cancelled()) RunTask(run, task, run.workspace + slot * SlotFloats());
    });
  }

 private:
  const KernelTable& Table() const { return *layer_->table; }
  bool Pairs() const { return weights_->element() == Element::kBf16Pair; }
  size_t PanelFloats() const { return weights_->largest_k() * Table().nr; }
  size_t SlotFloats() const { return RoundUp(PanelFloats() + sums_floats_, 16); }
  // Sums of one block of K: those of several lie in the caches already.
  bool Streams(const Grid& g) const {
    return streams_ && g.lined && g.phase->blocks.size() == 1;
  }
  size_t TaskPixels(const Grid& g) const { return g.panels_per_task * Table().nr; }
  size_t RowsPerSplit(const Grid& g) const {
    return CeilDiv(weights_->panels(), g.row_splits) * Table().mr;
  }

  Grid GridOf(const PackedWeights::Phase& phase) const {
    const ConvGeometry& geometry = layer_->geometry;
    Grid g = {};
    g.phase = &phase;
    g.dense = true;
    for (int a = 0; a < 3; ++a) {
      const size_t stride = geometry.stride[a], out = shape_.out[a];
      g.in[a] = shape_.in[a];
      g.out[a] = out;
      if (geometry.transposed) {
        // The first output o with (o + pad) % stride == residue.
        g.first[a] = (phase.residue[a] + stride - shape_.pad_begin[a] % stride) % stride;
        g.spread[a] = stride;
        g.size[a] = out > g.first[a] ? CeilDiv(out - g.first[a], stride) : 0;
        g.step[a] = 1;
        g.dense = g.dense && stride == 1;
      } else {
        g.spread[a] = 1;
        g.size[a] = out;
        g.step[a] = stride;
      }
    }
    for (size_t tap : phase.taps) {
      const size_t k[3] = {tap / (geometry.kernel[1] * geometry.kernel[2]),
                           tap / geometry.kernel[2] % geometry.kernel[1],
                           tap % geometry.kernel[2]};
      Tap t;
      for (int a = 0; a < 3; ++a) {
        const ptrdiff_t reach = static_cast<ptrdiff_t>(k[a] * geometry.dilation[a]);
        const ptrdiff_t pad = static_cast<ptrdiff_t>(shape_.pad_begin[a]);
        t.offset[a] = geometry.transposed ? (static_cast<ptrdiff_t>(g.first[a]) + pad - reach) /
                                                static_cast<ptrdiff_t>(geometry.stride[a])
                                          : reach - pad;
      }
      g.taps.push_back(t);
    }
    g.pixels = Volume(g.size);
    g.pointwise = Pointwise(g);
    if (g.pointwise) {
      // One row: its columns are then contiguous in the input.
      g.size[2] = g.in[2] = g.pixels;
      g.size[0] = g.size[1] = g.in[0] = g.in[1] = 1;
    }
    return g;
  }

  static bool Pointwise(const Grid& g) {
    bool same = g.dense && g.taps.size() == 1;
    for (int a = 0; a < 3 && same; ++a)
      same = g.step[a] == 1 && g.taps[0].offset[a] == 0 && g.size[a] == g.in[a];
    return same;
  }

  // Pixels first; rows too when there are too few pixels for every thread to have work.
  void Split(Grid* g, size_t threads) const {
    const size_t panels = CeilDiv(g->pixels, Table().nr);
    const size_t instances = shape_.batch * layer_->geometry.groups;
    const size_t bytes = weights_->panels() * Table().mr * Table().nr * sizeof(float);
    size_t each = std::min(panels, std::max<size_t>(1, kTaskBytes / bytes));
    const size_t wanted = threads > 1 ? 4 * threads : 1;
    while (each > 1 && instances * CeilDiv(panels, each) < wanted) --each;
    g->lined = g->dense && PlanesShareLines(shape_) && g->pixels >= kLeastLinedPixels &&
               Table().nr * sizeof(float) % kLineBytes == 0;
    g->tasks_per_group = CeilDiv(panels, each);
    if (instances == 1 && g->tasks_per_group >= wanted)
      g->tasks_per_group = std::min(panels, RoundUp(g->tasks_per_group, threads));
    g->panels_per_task = CeilDiv(panels, g->tasks_per_group);
    const size_t tasks = instances * g->tasks_per_group;
    g->row_splits = threads > 1 && tasks < 2 * threads
                        ? std::min(weights_->panels(), CeilDiv(2 * threads, tasks))
                        : 1;
  }

  void RunTask(const ConvRun& run, size_t task, float* scratch) const {
    size_t i = 0;
    const size_t groups = layer_->geometry.groups;
    for (;; ++i) {
      const size_t tasks = shape_.batch * groups * grids_[i].tasks_per_group * grids_[i].row_splits;
      if (task < tasks) break;
      task -= tasks;
    }
    const Grid& g = grids_[i];
    // Pixels vary fastest: neighbouring tasks, and so one thread's slice, share their weights.
    const size_t part = task % g.tasks_per_group;
    const size_t group = task / g.tasks_per_group % groups;
    const size_t image = task / (g.tasks_per_group * groups) % shape_.batch;
    const size_t split = task / (g.tasks_per_group * groups * shape_.batch);
    const size_t panel_begin = EvenCut(weights_->panels(), split, g.row_splits);
    const size_t panel_end = EvenCut(weights_->panels(), split + 1, g.row_splits);

    Work w;
    w.grid = &g;
    w.group = group;
    const size_t lead = g.lined ? FloatsToLine(run.out) : 0;
    const size_t panels = CeilDiv(g.pixels, Table().nr);
    const auto boundary = [&](size_t task) {
      const size_t whole = EvenCut(panels, task, g.tasks_per_group) * Table().nr;
      return task == 0 ? 0 : std::min(g.pixels, lead == 0 ? whole : whole - Table().nr + lead);
    };
    w.pixel_begin = boundary(part);
    w.pixels = (part + 1 == g.tasks_per_group ? g.pixels : boundary(part + 1)) - w.pixel_begin;
    w.first = part == 0 && lead > 0 ? lead : Table().nr;
    w.row_begin = panel_begin * Table().mr;
    w.row_end = std::min(panel_end * Table().mr, layer_->GroupOut());
    w.x = run.x + (image * groups + group) * layer_->GroupIn() * Volume(shape_.in);
    const size_t plane = Volume(shape_.out);
    const size_t base = (image * groups + group) * layer_->GroupOut() * plane;
    w.panel = scratch;
    if (g.dense) {
      w.c = run.out + base + w.row_begin * plane + w.pixel_begin;
      w.stride = plane;
      w.add = run.residual ? run.residual + base + w.row_begin * plane + w.pixel_begin : nullptr;
      Compute(w);
    } else {
      w.c = scratch + PanelFloats();
      w.stride = TaskPixels(g);
      w.add = run.residual ? w.c : nullptr;
      if (run.residual)
        ForEachRun(w, plane, [&](float* c, size_t at, size_t n, size_t spread) {
          const float* from = run.residual + base + at;
          for (size_t i = 0; i < n; ++i) c[i] = from[i * spread];
        });
      Compute(w);
      ForEachRun(w, plane, [&](const float* c, size_t at, size_t n, size_t spread) {
        float* to = run.out + base + at;
        for (size_t i = 0; i < n; ++i) to[i * spread] = c[i];
      });
    }
  }

  // One task: rows [row_begin, row_end) of a group times some pixels.
  struct Work {
    const Grid* grid;
    size_t group, pixel_begin, pixels, row_begin, row_end;
    size_t first;  // pixels of the first panel
    const float* x;
    float* panel;
    float* c;  // its first row and pixel
    size_t stride;
    const float* add;  // residual with the same stride, or null
  };

  void Compute(const Work& w) const {
    const KernelTable& table = Table();
    const Grid& g = *w.grid;
    PanelSource source = {};
    source.x = w.x;
    std::copy_n(g.in, 3, source.in);
    std::copy_n(g.step, 3, source.step);
    std::copy_n(g.size, 3, source.grid);
    const size_t plane = Volume(g.in);
    const auto& blocks = g.phase->blocks;
    const float* bias = layer_->bias.data() + w.group * layer_->GroupOut();
    for (size_t b = 0; b < blocks.size(); ++b) {
      const PackedWeights::Block& block = blocks[b];
      const bool last = b + 1 == blocks.size();
      const PanelRows rows = {g.taps.data() + block.tap_begin, block.taps, block.channel_begin,
                              block.channels};
      GemmTile tile = {};
      tile.k = block.K();
      tile.c_stride = tile.add_stride = w.stride;
      tile.low = last ? epilogue_.low : -std::numeric_limits<float>::infinity();
      tile.high = last ? epilogue_.high : std::numeric_limits<float>::infinity();
      tile.stream = Streams(g);
      for (size_t p = 0; p < w.pixels; p += tile.cols) {
        tile.cols = std::min(p == 0 ? w.first : table.nr, w.pixels - p);
        const float* in = w.x + block.channel_begin * plane + w.pixel_begin + p;
        const bool in_place = g.pointwise && !Pairs() && tile.cols % table.lanes == 0;
        tile.b = in_place ? in : w.panel;
        tile.b_stride = in_place ? plane : table.nr;
        if (!in_place) pack_(source, rows, w.pixel_begin + p, tile.cols, w.panel);
        // The first tiles fetch the next panel, a line of all its rows each; it may begin in one.
        // What pairs are packed from, packing fetches.
        const bool more = g.pointwise && !Pairs() && p + tile.cols < w.pixels;
        size_t fetched = 0;
        for (size_t row = w.row_begin; row < w.row_end; row += table.mr, fetched += kLineFloats) {
          const bool fetches = more && fetched <= table.nr;
          tile.ahead = fetches ? in + tile.cols + std::min(fetched, table.nr - 1) : tile.b;
          tile.ahead_stride = fetches ? plane : 0;
          tile.rows = std::min(table.mr, w.row_end - row);
          tile.a = weights_->Panel(*g.phase, w.group, block, row / table.mr);
          tile.c = w.c + (row - w.row_begin) * w.stride + p;
          tile.add = b > 0 ? tile.c : w.add ? w.add + (row - w.row_begin) * w.stride + p : nullptr;
          tile.bias = last ? bias + row : nullptr;
          tile_(tile);
          if (last && epilogue_.rows)
            for (size_t r = 0; r < tile.rows; ++r)
              table.activate_row(layer_->activation, w.group * layer_->GroupOut() + row + r,
                                 tile.cols, tile.c + r * w.stride);
        }
      }
    }
    if (Streams(g)) table.fence();
  }

  // body(c, at, n, spread): n sums of a task at c stand for outputs of the group that begin at
  // `at` and lie `spread` apart.
  template <class Body>
  static void ForEachRun(const Work& w, size_t plane, const Body& body) {
    const Grid& g = *w.grid;
    for (size_t p = 0; p < w.pixels;) {
      const size_t pixel = w.pixel_begin + p;
      const size_t x = pixel % g.size[2], y = pixel / g.size[2] % g.size[1];
      const size_t z = pixel / (g.size[1] * g.size[2]);
      const size_t n = std::min(g.size[2] - x, w.pixels - p);
      const size_t oz = g.first[0] + z * g.spread[0], oy = g.first[1] + y * g.spread[1];
      const size_t at = (oz * g.out[1] + oy) * g.out[2] + g.first[2] + x * g.spread[2];
      for (size_t row = w.row_begin; row < w.row_end; ++row)
        body(w.c + (row - w.row_begin) * w.stride + p, row * plane + at, n, g.spread[2]);
      p += n;
    }
  }

  std::shared_ptr<const ConvLayer> layer_;
  std::shared_ptr<const PackedWeights> weights_;
  ConvShape shape_;
  Epilogue epilogue_;
  bool streams_;
  void (*tile_)(const GemmTile& tile);
  void (*pack_)(const PanelSource& source, const PanelRows& rows, size_t first, size_t count,
                float* out);
  std::vector<Grid> grids_;
  size_t tasks_ = 0, sums_floats_ = 0;
};

}  // namespace

std::unique_ptr<ConvAlgorithm> MakePackedConv(std::shared_ptr<const ConvLayer> layer,
                                              std::shared_ptr<const PackedWeights> weights,
                                              const ConvShape& shape, size_t threads) {
  return std::make_unique<PackedConv>(std::move(layer), std::move(weights), shape, threads);
}

}  // namespace convfuse
