#include "ops/chain.h"

#include <string.h>

#include <algorithm>
#include <map>

#include "ops/blocked_cut.h"
#include "ops/caches.h"
#include "ops/chain_rows.h"

namespace convfuse {
namespace {

// Least rows of a band: lower bands make tiles of too few pixels (YuNet, one image: 2.47 ms with
// bands of 2 rows, 2.34 with 4).
constexpr size_t kLeastRows = 4;

// The buffer between a layer and the next one: a band of rows in blocks, with the left and the
// right halo that the next layer asks for.
struct BandBuffer {
  size_t begin = 0;  // in a thread's memory
  size_t blocks = 0;
  size_t capacity = 0;  // rows of a block
  size_t left = 0, width = 0, right = 0;  // floats of a row

  size_t Row() const { return left + width + right; }
  size_t Block() const { return capacity * Row(); }
  size_t Floats() const { return RoundUp(blocks * Block(), 16); }
};

ChainRows RowsOf(const ChainLink& link) {
  if (link.pool) return link.pool->rows();
  const ConvGeometry& g = link.conv->layer().geometry;
  const ConvShape& s = link.shape;
  ChainRows rows = {s.in[1], {}, {}};
  for (size_t y = 0; y < s.out[1]; ++y) {
    const auto pad = static_cast<ptrdiff_t>(s.pad_begin[1]);
    rows.first.push_back(static_cast<ptrdiff_t>(y * g.stride[1]) - pad);
    const size_t extent = (g.kernel[1] - 1) * g.dilation[1] + 1;
    rows.end.push_back(rows.first.back() + static_cast<ptrdiff_t>(extent));
  }
  return rows;
}

struct Stage {
  Stage(const ChainLink& l, const KernelTable& t, size_t in, size_t out)
      : link(l), table(&t), channels_in(in), channels_out(out),
        x(l.shape.x_layout, t.lanes, in, l.shape.in[1], l.shape.in[2]),
        residual(l.shape.residual_layout, t.lanes, out, l.shape.out[1], l.shape.out[2]),
        result(l.shape.out_layout, t.lanes, out, l.shape.out[1], l.shape.out[2]) {
    buffer.blocks = CeilDiv(out, t.lanes);
    buffer.width = l.shape.out[2] * t.lanes;
    buffer.left = l.shape.out_layout.left * t.lanes;
    buffer.right = l.shape.out_layout.right * t.lanes;
  }

  bool IsDense() const { return !link.shape.x_layout.blocked; }
  size_t ImageFloats() const { return IsDense() ? channels_in * Volume(link.shape.in) : x.image; }
  size_t Weights() const { return link.conv ? link.conv->layer().weight.size() : 0; }

  // Null where the layer computes no bands.
  std::shared_ptr<const ConvAlgorithm> MakeBand(const ConvShape& band, size_t row) const {
    if (link.pool) return link.pool->MakeBand(band, row);
    return link.conv->MakeBand(link.shape, band);
  }

  ChainLink link;
  const KernelTable* table;
  size_t channels_in, channels_out;
  BlockedStrides x, residual, result;  // of whole images
  BandBuffer buffer;
  // The algorithms for bands, by {number of output rows, first output row}.  The latter is 0 for
  // convolutions, whose bands of equal height are alike.
  std::map<std::pair<size_t, size_t>, std::shared_ptr<const ConvAlgorithm>> bands;
};

Stage StageOf(const ChainLink& link) {
  if (link.pool) {
    const ChainPool& pool = *link.pool;
    return {link, pool.table(), pool.channels(), pool.channels()};
  }
  const ConvLayer& layer = link.conv->layer();
  const ConvGeometry& g = layer.geometry;
  return {link, *layer.table, g.channels_in, g.channels_out};
}

struct Task {
  ChainStep step;
  const ConvAlgorithm* algorithm;  // null where nothing is computed
};

// Some bands of a part.  A thread that comes from the piece before has rows in its buffers that
// they read; to others, that took the piece from a slower thread, these are missing.
struct Piece {
  std::vector<Task> after, alone;
};
// Most pieces of a part.
constexpr size_t kMostPieces = 4;

bool Follows(const Stage& stage, const Stage& before) {
  const ConvShape &s = stage.link.shape, &o = before.link.shape;
  return s.batch == o.batch && std::equal(s.in, s.in + 3, o.out) && s.x_layout == o.out_layout &&
         stage.channels_in == before.channels_out && stage.table == before.table;
}

bool IsChain(const std::vector<Stage>& stages, const std::vector<ChainRows>& rows) {
  for (size_t i = 0; i < stages.size(); ++i) {
    const ConvShape& s = stages[i].link.shape;
    if (!s.out_layout.blocked || !s.residual_layout.blocked || s.batch * Volume(s.out) == 0 ||
        rows[i].Out() != s.out[1] || (stages[i].IsDense() && stages[i].link.pool) ||
        (i > 0 && !Follows(stages[i], stages[i - 1])))
      return false;
  }
  return stages.size() > 1;
}

class Chain final : public ConvChain {
 public:
  Chain(const std::vector<ChainLink>& links, size_t threads,
        std::shared_ptr<WorkspacePool> workspaces)
      : threads_(threads), batch_(links[0].shape.batch), workspaces_(std::move(workspaces)) {
    for (const ChainLink& link : links) {
      stages_.push_back(StageOf(link));
      rows_.push_back(RowsOf(link));
    }
  }

  // Makes the tasks of the runs.  False where a layer computes no bands, or where a chain does not
  // pay.
  bool Prepare(size_t band_floats) {
    if (!IsChain(stages_, rows_)) return false;
    const size_t height = rows_.back().Out();
    while (batch_ * parts_ % threads_ != 0) ++parts_;
    // The first band of a part computes some rows that its neighbour computes too: parts must be
    // high.
    if (parts_ > 1 && height < parts_ * kLeastBand) return false;
    // Every band of every image would read the weights again.
    size_t weights = 0;
    for (const Stage& stage : stages_) weights += stage.Weights();
    if (weights > kLargeWeights) return false;
    for (size_t bands = 1; Cut(CeilDiv(height, bands)) > band_floats; ++bands)
      if (height < (bands + 1) * kLeastRows) return false;
    return MakeTasks();
  }

  void Run(const float* x, const float* residual, float* out, ThreadPool& pool) const override {
    WorkspacePool::Lease workspace(*workspaces_, threads_ * SlotFloats());
    // By slot: the piece for which it holds rows, if it has come from the beginning of the part.
    // After a piece that was taken over, buffers may hold other rows than the steps of the next
    // piece expect.
    size_t next[ThreadPool::kMaxThreads] = {};
    pool.ParallelFor(batch_ * pieces_.size(), threads_, [&](size_t task, size_t slot) {
      const size_t image = task / pieces_.size(), index = task % pieces_.size();
      const float* add = residual ? residual + image * stages_.back().residual.image : nullptr;
      float* memory = workspace.data() + slot * SlotFloats();
      const bool begins = index % pieces_per_part_ == 0;
      const bool goes_on = !begins && next[slot] == task;
      next[slot] = begins || goes_on ? task + 1 : 0;
      if (!goes_on)
        for (size_t i = 0; i + 1 < stages_.size(); ++i) ClearSides(stages_[i].buffer, memory);
      const Piece& piece = pieces_[index];
      RunTasks(goes_on ? piece.after : piece.alone,
               x + image * stages_.front().ImageFloats(), add,
               out + image * stages_.back().result.image, memory, pool);
    });
  }

 private:
  // The steps of all pieces, with bands of `rows` rows of the last output.  Returns the floats of
  // the buffers between the layers.
  size_t Cut(size_t rows) {
    const size_t height = rows_.back().Out();
    // All parts have as many pieces, so that threads begin with whole parts.
    const size_t least_bands = CeilDiv(height / parts_, rows);
    pieces_per_part_ = threads_ > 1 ? std::min(kMostPieces, std::max<size_t>(1, least_bands)) : 1;
    std::vector<size_t> capacity(stages_.size());
    pieces_.assign(parts_ * pieces_per_part_, {});
    for (size_t part = 0; part < parts_; ++part) {
      const size_t begin = EvenCut(height, part, parts_), end = EvenCut(height, part + 1, parts_);
      const auto bands = ChainBands(rows_, begin, end, rows, &capacity);
      for (size_t p = 0; p < pieces_per_part_; ++p) {
        Piece& piece = pieces_[part * pieces_per_part_ + p];
        const size_t first = EvenCut(bands.size(), p, pieces_per_part_);
        const size_t last = EvenCut(bands.size(), p + 1, pieces_per_part_);
        for (size_t b = first; b < last; ++b) AddSteps(bands[b], &piece.after);
        const size_t row = begin + first * rows, stop = std::min(end, begin + last * rows);
        for (const auto& band : ChainBands(rows_, row, stop, rows, &capacity))
          AddSteps(band, &piece.alone);
      }
    }
    buffer_floats_ = 0;
    for (size_t i = 0; i + 1 < stages_.size(); ++i) {
      BandBuffer& buffer = stages_[i].buffer;
      buffer.capacity = capacity[i];
      buffer.begin = buffer_floats_;
      buffer_floats_ += buffer.Floats();
    }
    return buffer_floats_;
  }

  bool MakeTasks() {
    for (Piece& piece : pieces_)
      if (!FindAlgorithms(&piece.after) || !FindAlgorithms(&piece.alone)) return false;
    // Allocates now what the first run needs.
    WorkspacePool::Lease warm(*workspaces_, threads_ * SlotFloats());
    return true;
  }

  static void AddSteps(const std::vector<ChainStep>& steps, std::vector<Task>* tasks) {
    for (const ChainStep& step : steps) tasks->push_back({step, nullptr});
  }

  bool FindAlgorithms(std::vector<Task>* tasks) {
    for (Task& task : *tasks)
      if (task.step.Rows() > 0 && !(task.algorithm = BandOf(task.step))) return false;
    return true;
  }

  // The algorithm of a step: its layer on as many output rows.  The shape describes the memory that
  // there is: of a whole image, the rows below the band count as halo; of an input in a buffer, the
  // first pad_begin rows do.
  const ConvAlgorithm* BandOf(const ChainStep& step) {
    const size_t i = step.link, rows = step.Rows();
    Stage& stage = stages_[i];
    auto& algorithm = stage.bands[{rows, stage.link.pool ? step.begin : 0}];
    if (algorithm) return algorithm.get();
    const ConvShape& whole = stage.link.shape;
    ConvShape band = whole;
    band.batch = 1;
    band.out[1] = rows;
    if (i > 0) {
      band.x_layout.top = whole.pad_begin[1];
      band.x_layout.bottom = 0;
      const size_t capacity = stages_[i - 1].buffer.capacity;
      if (capacity <= band.x_layout.top) return nullptr;
      band.in[1] = capacity - band.x_layout.top;
    }
    if (i + 1 < stages_.size()) {
      band.out_layout.top = 0;
      band.out_layout.bottom = stage.buffer.capacity - rows;
      band.residual_layout = band.out_layout;
    } else {
      band.out_layout.bottom += whole.out[1] - rows;
      band.residual_layout.bottom += whole.out[1] - rows;
    }
    algorithm = stage.MakeBand(band, step.begin);
    if (algorithm) scratch_floats_ = std::max(scratch_floats_, algorithm->WorkspaceFloats(1));
    return algorithm.get();
  }

  // Rows of the chain's input from those that output row 0 reads to those that output row `row`
  // reads.
  size_t RowsBefore(size_t row) const {
    const auto pad = static_cast<ptrdiff_t>(stages_.front().link.shape.pad_begin[1]);
    return static_cast<size_t>(rows_.front().first[row] + pad);
  }

  // A thread's memory: the buffers between the layers, and scratch for the layer that needs most.
  size_t SlotFloats() const { return buffer_floats_ + RoundUp(scratch_floats_, 16); }

  void RunTasks(const std::vector<Task>& tasks, const float* x, const float* residual, float* out,
                float* memory, ThreadPool& pool) const {
    for (const Task& task : tasks) {
      const ChainStep& step = task.step;
      const Stage& stage = stages_[step.link];
      const bool last = step.link + 1 == stages_.size();
      if (!last) MakeRoom(stage.buffer, step, memory);
      if (!task.algorithm) continue;
      ConvRun run = {};
      run.x = step.link > 0     ? memory + stages_[step.link - 1].buffer.begin
              : stage.IsDense() ? x
                                : x + RowsBefore(step.begin) * stage.x.row;
      run.first_row = stage.IsDense() ? step.begin : 0;
      run.residual = last && residual ? residual + step.begin * stage.residual.row : nullptr;
      run.out = last ? out + step.begin * stage.result.row
                     : memory + stage.buffer.begin + step.FirstRow() * stage.buffer.Row();
      run.workspace = memory + buffer_floats_;
      run.pool = &pool;
      run.threads = 1;
      task.algorithm->Run(run);
    }
  }

  static void ClearSides(const BandBuffer& buffer, float* memory) {
    float* p = memory + buffer.begin;
    for (size_t row = 0; row < buffer.blocks * buffer.capacity; ++row, p += buffer.Row()) {
      memset(p, 0, buffer.left * sizeof(float));
      memset(p + buffer.left + buffer.width, 0, buffer.right * sizeof(float));
    }
  }

  static void MakeRoom(const BandBuffer& buffer, const ChainStep& step, float* memory) {
    const size_t row = buffer.Row();
    float* p = memory + buffer.begin;
    for (size_t b = 0; b < buffer.blocks; ++b, p += buffer.Block()) {
      if (step.dropped > 0) memmove(p, p + step.dropped * row, step.kept * row * sizeof(float));
      memset(p + step.kept * row, 0, step.zeros_before * row * sizeof(float));
      memset(p + (step.FirstRow() + step.Rows()) * row, 0, step.zeros_after * row * sizeof(float));
    }
  }

  std::vector<Stage> stages_;
  std::vector<ChainRows> rows_;
  std::vector<Piece> pieces_;  // of an image, part by part
  size_t threads_, batch_, parts_ = 1, pieces_per_part_ = 1;
  size_t buffer_floats_ = 0, scratch_floats_ = 0;
  std::shared_ptr<WorkspacePool> workspaces_;
};

}  // namespace

// MobileNetV2, one image, with an L2 of 1 MB: 7.2 ms at 192 and 320 KB, 7.0 at 512, 6.7 at 768.
size_t ChainBandFloats() {
  const size_t l2 = CacheBytes(2);
  const size_t bytes = l2 > 0 ? std::min<size_t>(l2, 2 << 20) : 512 << 10;
  return bytes / 4 * 3 / sizeof(float);
}

std::unique_ptr<ConvChain> ConvChain::Create(const std::vector<ChainLink>& links, size_t threads,
                                             std::shared_ptr<WorkspacePool> workspaces,
                                             size_t band_floats) {
  if (links.empty()) return nullptr;
  auto chain = std::make_unique<Chain>(links, threads, std::move(workspaces));
  return chain->Prepare(band_floats) ? std::move(chain) : nullptr;
}

}  // namespace convfuse
