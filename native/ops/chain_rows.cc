#include "ops/chain_rows.h"

#include <algorithm>

namespace convfuse {
namespace {

// Rows [first, end) of a value lie in its buffer: those before 0 and past the last are zeros.
struct Held {
  ptrdiff_t first = 0, end = 0;
  bool any = false;
};

// The step of layer `link`, whose output has `rows` rows, that leaves rows [first, end) in the
// buffer for the next layer.
ChainStep Supply(size_t link, ptrdiff_t rows, ptrdiff_t first, ptrdiff_t end, Held* held) {
  if (!held->any) *held = {first, first, true};
  ChainStep step = {};
  step.link = link;
  step.dropped = static_cast<size_t>(first - held->first);
  step.kept = static_cast<size_t>(std::max<ptrdiff_t>(0, held->end - first));
  const ptrdiff_t from = std::max(first, held->end);
  const ptrdiff_t begin = std::min(std::max<ptrdiff_t>(from, 0), end);
  const ptrdiff_t stop = std::max(begin, std::min(rows, end));
  step.zeros_before = static_cast<size_t>(begin - from);
  step.zeros_after = static_cast<size_t>(end - stop);
  step.begin = static_cast<size_t>(std::max<ptrdiff_t>(begin, 0));
  step.end = static_cast<size_t>(std::max<ptrdiff_t>(stop, 0));
  held->first = first;
  held->end = std::max(held->end, end);
  return step;
}

}  // namespace

std::vector<std::vector<ChainStep>> ChainBands(const std::vector<ChainRows>& links, size_t begin,
                                               size_t end, size_t rows,
                                               std::vector<size_t>* capacity) {
  std::vector<std::vector<ChainStep>> bands;
  std::vector<Held> held(links.size());
  for (; begin < end; begin += rows) {
    ChainStep step = {};
    step.link = links.size() - 1;
    step.begin = begin;
    step.end = std::min(end, begin + rows);
    std::vector<ChainStep> band = {step};
    while (step.link > 0 && step.Rows() > 0) {
      const ChainRows& reader = links[step.link];
      const ptrdiff_t first = reader.first[step.begin], last = reader.end[step.end - 1];
      const size_t link = step.link - 1;
      step = Supply(link, static_cast<ptrdiff_t>(reader.in), first, last, &held[link]);
      (*capacity)[link] = std::max((*capacity)[link], static_cast<size_t>(last - first));
      band.push_back(step);
    }
    bands.emplace_back(band.rbegin(), band.rend());
  }
  return bands;
}

}  // namespace convfuse
