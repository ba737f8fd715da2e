#include <algorithm>

#include "ops/conv_packed.h"
#include "ops/integers.h"

namespace convfuse {
namespace {

// Cuts [taps] x [elements] into blocks of equal size, whole taps where they fit.
std::vector<PackedWeights::Block> BlocksOf(size_t taps, size_t channels, Element element,
                                           size_t largest) {
  std::vector<PackedWeights::Block> blocks;
  if (taps == 0 || channels == 0) return {{0, 0, 0, 0, 0, 0}};
  const size_t each = ChannelsOf(element), elements = CeilDiv(channels, each);
  const size_t tap_parts = CeilDiv(taps, largest);
  const size_t most_taps = CeilDiv(taps, tap_parts);
  const size_t parts = CeilDiv(elements, std::max<size_t>(1, largest / most_taps));
  for (size_t p = 0; p < parts; ++p) {
    const size_t e0 = elements * p / parts, e1 = elements * (p + 1) / parts;
    const size_t c0 = e0 * each, c1 = std::min(channels, e1 * each);
    for (size_t t = 0; t < tap_parts; ++t) {
      const size_t t0 = taps * t / tap_parts, t1 = taps * (t + 1) / tap_parts;
      blocks.push_back({t0, t1 - t0, c0, c1 - c0, e1 - e0, 0});
    }
  }
  return blocks;
}

// Taps whose dilated position has this residue modulo the stride: all of them when not transposed.
std::vector<size_t> TapsOf(const ConvGeometry& g, const size_t (&residue)[3]) {
  std::vector<size_t> taps;
  for (size_t z = 0; z < g.kernel[0]; ++z)
    for (size_t y = 0; y < g.kernel[1]; ++y)
      for (size_t x = 0; x < g.kernel[2]; ++x) {
        const size_t k[3] = {z, y, x};
        bool lands = true;
        for (int a = 0; a < 3 && g.transposed; ++a)
          lands = lands && k[a] * g.dilation[a] % g.stride[a] == residue[a];
        if (lands) taps.push_back((z * g.kernel[1] + y) * g.kernel[2] + x);
      }
  return taps;
}

}  // namespace

PackedWeights::PackedWeights(const ConvLayer& layer, Element element)
    : layer_(layer), element_(element) {
  const ConvGeometry& g = layer.geometry;
  const size_t mr = layer.table->mr;
  panels_ = CeilDiv(layer.GroupOut(), mr);
  size_t floats = 0;
  size_t one[3] = {1, 1, 1};
  const size_t(&residues)[3] = g.transposed ? g.stride : one;
  for (size_t z = 0; z < residues[0]; ++z)
    for (size_t y = 0; y < residues[1]; ++y)
      for (size_t x = 0; x < residues[2]; ++x) {
        Phase phase = {{z, y, x}, {}, {}, floats, 0};
        phase.taps = TapsOf(g, phase.residue);
        phase.blocks =
            BlocksOf(phase.taps.size(), layer.GroupIn(), element, LargestSum(layer));
        for (Block& b : phase.blocks) {
          b.offset = phase.group_size;
          phase.group_size += b.K() * panels_ * mr;
          largest_k_ = std::max(largest_k_, b.K());
        }
        floats += phase.group_size * g.groups;
        phases_.push_back(std::move(phase));
      }
  data_.Reserve(floats);
  for (const Phase& phase : phases_)
    for (size_t group = 0; group < g.groups; ++group)
      for (const Block& b : phase.blocks)
        for (size_t panel = 0; panel < panels_; ++panel) {
          float* out = const_cast<float*>(Panel(phase, group, b, panel));
          for (size_t t = b.tap_begin; t < b.tap_begin + b.taps; ++t)
            for (size_t e = 0; e < b.elements; ++e)
              for (size_t r = 0; r < mr; ++r) {
                const size_t m = panel * mr + r;
                *out++ = m < layer.GroupOut()
                             ? WeightElement(layer, element, group * layer.GroupOut() + m,
                                             b.channel_begin + e * ChannelsOf(element),
                                             phase.taps[t])
                             : 0;
              }
        }
}

const float* PackedWeights::Panel(const Phase& phase, size_t group, const Block& block,
                                  size_t panel) const {
  return data_.data() + phase.offset + group * phase.group_size + block.offset +
         panel * block.K() * layer_.table->mr;
}

}  // namespace convfuse
