#include "ops/conv_packed.h"

#include <algorithm>

#include "ops/epilogue.h"
#include "ops/integers.h"
#include "ops/output_lines.h"
#include "ops/packed_grid.h"

namespace convfuse {
namespace {

// Outputs of a task stay in this many bytes, because every block of K adds to them: half of a
// 512 KB L2, the other half being for the weights that all panels of the task share.
constexpr size_t kTaskBytes = 256 << 10;

// Least pixels of a plane whose panels begin at cache lines of the output: that may take one panel
// more, which such a plane hardly notices.
constexpr size_t kLeastLinedPixels = 1024;

// How a phase is cut into tasks.
struct Grid : PackedGrid {
  size_t panels_per_task, tasks_per_group, row_splits;
  bool lined;  // panels begin at cache lines of the output
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
      Grid grid = {MakePackedGrid(layer_->geometry, phase, shape_), 0, 0, 0, false};
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
  // Of pairs, the next panel too.
  size_t PanelsFloats() const { return PanelFloats() * (Pairs() ? 2 : 1); }
  size_t SlotFloats() const { return RoundUp(PanelsFloats() + sums_floats_, 16); }
  // Sums of one block of K: those of several lie in the caches already.
  bool Streams(const Grid& g) const {
    return streams_ && g.lined && g.phase->blocks.size() == 1;
  }
  size_t TaskPixels(const Grid& g) const { return g.panels_per_task * Table().nr; }
  size_t RowsPerSplit(const Grid& g) const {
    return CeilDiv(weights_->panels(), g.row_splits) * Table().mr;
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
    Work w = WorkOf(run, task);
    const Grid& g = *w.grid;
    w.panel = scratch;
    // The next task is mostly this thread's too.
    if (g.samples && task + 1 < tasks_) w.following = FirstColumns(WorkOf(run, task + 1));
    if (g.dense) {
      Compute(w);
      return;
    }
    const size_t plane = Volume(shape_.out);
    float* const out = w.c;
    const float* const residual = w.add;
    w.c = scratch + PanelsFloats();
    w.stride = TaskPixels(g);
    if (residual) {
      w.add = w.c;
      ForEachRun(w, plane, [&](float* c, size_t at, size_t n, size_t spread) {
        for (size_t i = 0; i < n; ++i) c[i] = residual[at + i * spread];
      });
    }
    Compute(w);
    ForEachRun(w, plane, [&](const float* c, size_t at, size_t n, size_t spread) {
      for (size_t i = 0; i < n; ++i) out[at + i * spread] = c[i];
    });
  }

  // One task: some rows of a group times some pixels.
  struct Work {
    const Grid* grid;
    size_t group, pixel_begin, pixels;
    size_t row_begin, rows;  // of the group
    size_t channel;  // of the first row
    size_t first;  // pixels of the first panel
    const float* x;  // of the group
    const float* following;  // where the task after this one begins to read, or null
    float* panel;
    // Dense: the first row and pixel of the result.  Else the group's output, of which ForEachRun
    // knows the rest.
    float* c;
    size_t stride;
    const float* add;  // the residual there, or null
  };

  // All but the panel and what follows.
  Work WorkOf(const ConvRun& run, size_t task) const {
    const size_t groups = layer_->geometry.groups;
    size_t i = 0;
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

    Work w = {};
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
    w.rows = std::min(panel_end * Table().mr, layer_->GroupOut()) - w.row_begin;
    w.channel = group * layer_->GroupOut() + w.row_begin;
    w.x = run.x + (image * groups + group) * layer_->GroupIn() * Volume(shape_.in);
    const size_t plane = Volume(shape_.out);
    const size_t base = (image * groups + group) * layer_->GroupOut() * plane +
                        (g.dense ? w.row_begin * plane + w.pixel_begin : 0);
    w.c = run.out + base;
    w.stride = plane;
    w.add = run.residual ? run.residual + base : nullptr;
    return w;
  }

  // Columns of a task at one block of K: a panel.
  struct Columns {
    size_t block, pixel, count;
  };

  Columns ColumnsAt(const Work& w, size_t block, size_t pixel) const {
    return {block, pixel, std::min(pixel == 0 ? w.first : Table().nr, w.pixels - pixel)};
  }
  // The last of a task is followed by a block that does not exist.
  Columns After(const Work& w, const Columns& c) const {
    const size_t end = c.pixel + c.count;
    return end < w.pixels ? ColumnsAt(w, c.block, end) : ColumnsAt(w, c.block + 1, 0);
  }

  // Where columns lie in the input of a grid that samples it, from the line that is `floats` behind
  // their beginning; past the last columns of a task, those of the next.
  const float* InputOf(const Work& w, const Columns& c, size_t floats) const {
    const Grid& g = *w.grid;
    const auto& blocks = g.phase->blocks;
    if (c.block == blocks.size()) return w.following + floats;
    const float* x = w.x + blocks[c.block].channel_begin * Volume(g.in);
    const size_t pixel = w.pixel_begin + c.pixel + floats / g.step[2];
    if (g.pointwise) return x + pixel;
    const size_t row = pixel / g.size[2];
    const size_t z = row / g.size[1] * g.step[0], y = row % g.size[1] * g.step[1];
    return x + (z * g.in[1] + y) * g.in[2] + pixel % g.size[2] * g.step[2];
  }
  const float* FirstColumns(const Work& w) const { return InputOf(w, ColumnsAt(w, 0, 0), 0); }

  void Compute(const Work& w) const {
    const KernelTable& table = Table();
    const Grid& g = *w.grid;
    const size_t plane = Volume(g.in), blocks = g.phase->blocks.size();
    float *panel = w.panel, *spare = w.panel + PanelFloats();
    bool packed = false;
    for (Columns now = ColumnsAt(w, 0, 0), next; now.block < blocks; now = next) {
      next = After(w, now);
      const bool in_place = g.pointwise && !Pairs() && now.count % table.lanes == 0;
      if (!in_place && !packed) Pack(w, now, panel);
      packed = PacksBeside(w, now, next);
      GemmTile tile = TileOf(w, now);
      tile.b = in_place ? InputOf(w, now, 0) : panel;
      tile.b_stride = in_place ? plane : table.nr;
      // The first tiles fetch what is read next, a line of each channel: the next panel, or the one
      // after it where they pack the next one.
      const Columns fetched = packed ? After(w, next) : next;
      const size_t span = g.samples && InputOf(w, fetched, 0) ? fetched.count * g.step[2] + 1 : 0;
      const bool activates = epilogue_.rows && now.block + 1 == blocks;
      size_t floats = 0, channel = w.channel;
      for (size_t rows = w.rows; rows > 0; rows -= tile.rows, floats += kLineFloats) {
        const bool fetches = floats < span;  // columns may begin within a line
        tile.ahead = fetches ? InputOf(w, fetched, floats) : tile.b;
        tile.ahead_stride = fetches ? plane : 0;
        tile.pack_to = nullptr;
        if (packed && floats < next.count) {
          tile.pack_x = InputOf(w, next, floats);
          tile.pack_stride = plane;
          tile.pack_lanes = std::min(table.lanes, next.count - floats);
          tile.pack_to = spare + floats;
        }
        tile.rows = std::min(table.mr, rows);
        tile_(tile);
        for (size_t r = 0; activates && r < tile.rows; ++r, ++channel)
          table.activate_row(layer_->activation, channel, tile.cols, tile.c + r * tile.c_stride);
        ToNextRows(&tile);
      }
      if (packed) std::swap(panel, spare);
    }
    if (Streams(g)) table.fence();
  }

  void Pack(const Work& w, const Columns& c, float* panel) const {
    const Grid& g = *w.grid;
    const PackedWeights::Block& block = g.phase->blocks[c.block];
    PanelSource source = {};
    source.x = w.x;
    std::copy_n(g.in, 3, source.in);
    std::copy_n(g.step, 3, source.step);
    std::copy_n(g.size, 3, source.grid);
    const PanelRows rows = {g.taps.data() + block.tap_begin, block.taps, block.channel_begin,
                            block.channels};
    pack_(source, rows, w.pixel_begin + c.pixel, c.count, panel);
  }

  // Whether the tiles of these columns pack the next ones: a vector each.
  bool PacksBeside(const Work& w, const Columns& now, const Columns& next) const {
    const auto& blocks = w.grid->phase->blocks;
    if (!Pairs() || !w.grid->pointwise || next.block == blocks.size()) return false;
    const size_t tiles = CeilDiv(w.rows, Table().mr);
    const bool alike = blocks[next.block].K() == blocks[now.block].K();
    return blocks[next.block].channels % 2 == 0 && alike &&
           tiles >= CeilDiv(next.count, Table().lanes);
  }

  // The first rows of a task, without B and what goes on beside the products.
  GemmTile TileOf(const Work& w, const Columns& c) const {
    const PackedWeights::Phase& phase = *w.grid->phase;
    const PackedWeights::Block& block = phase.blocks[c.block];
    const bool last = c.block + 1 == phase.blocks.size();
    GemmTile tile = {};
    tile.k = block.K();
    tile.a = weights_->Panel(phase, w.group, block, w.row_begin / Table().mr);
    tile.c = w.c + c.pixel;
    tile.add = c.block > 0 ? tile.c : w.add ? w.add + c.pixel : nullptr;
    tile.c_stride = tile.add_stride = w.stride;
    tile.cols = c.count;
    tile.bias = last ? layer_->bias.data() + w.channel : nullptr;
    tile.low = last ? epilogue_.low : -std::numeric_limits<float>::infinity();
    tile.high = last ? epilogue_.high : std::numeric_limits<float>::infinity();
    tile.stream = Streams(*w.grid);
    return tile;
  }

  void ToNextRows(GemmTile* tile) const {
    const size_t mr = Table().mr;
    tile->a += tile->k * mr;
    tile->c += mr * tile->c_stride;
    if (tile->add) tile->add += mr * tile->add_stride;
    if (tile->bias) tile->bias += mr;
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
      for (size_t row = 0; row < w.rows; ++row)
        body(w.c + row * w.stride + p, (w.row_begin + row) * plane + at, n, g.spread[2]);
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
