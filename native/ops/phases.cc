#include "ops/phases.h"

#include "ops/integers.h"

namespace convfuse {

AxisPhase PhaseOf(const ConvLayer& layer, const ConvShape& shape, int axis, size_t residue) {
  const size_t stride = layer.geometry.stride[axis], pad = shape.pad_begin[axis];
  const size_t place = pad / stride + (residue < pad % stride);  // of the first output
  AxisPhase phase;
  phase.first = place * stride + residue - pad;
  phase.size = shape.out[axis] > phase.first ? CeilDiv(shape.out[axis] - phase.first, stride) : 0;
  phase.taps = CeilDiv(layer.geometry.kernel[axis] - residue, stride);
  phase.pad_begin = phase.taps - 1 - place;
  return phase;
}

AxisPlaces PlacesOf(const ConvLayer& layer, const ConvShape& shape, int axis) {
  const size_t stride = layer.geometry.stride[axis], pad = shape.pad_begin[axis];
  const size_t begin = pad / stride, end = (shape.out[axis] - 1 + pad) / stride + 1;
  return {end - begin, CeilDiv(layer.geometry.kernel[axis], stride) - 1 - begin,
          end > shape.in[axis] ? end - shape.in[axis] : 0};
}

bool HasPhases(const ConvLayer& layer, const ConvShape& shape) {
  const ConvGeometry& g = layer.geometry;
  if (!g.transposed || shape.in[0] != 1 || shape.out[0] != 1 || g.kernel[0] != 1 ||
      g.stride[0] != 1 || shape.pad_begin[0] != 0 || Volume(shape.out) * Volume(shape.in) == 0)
    return false;
  for (int a = 1; a < 3; ++a)
    if (g.dilation[a] != 1 || g.kernel[a] < g.stride[a] + shape.pad_begin[a]) return false;
  return true;
}

ConvShape PhasesShape(const ConvLayer& layer, const ConvShape& shape) {
  ConvShape blocked = shape;
  const AxisPlaces y = PlacesOf(layer, shape, 1), x = PlacesOf(layer, shape, 2);
  blocked.x_layout = {true, y.pad_begin, x.pad_begin, y.pad_end, x.pad_end};
  return blocked;
}

ConvLayer PlainLayer(const ConvLayer& layer) {
  ConvLayer plain;
  plain.geometry = layer.geometry;
  plain.geometry.transposed = false;
  plain.geometry.stride[1] = plain.geometry.stride[2] = 1;
  plain.table = layer.table;
  plain.precision = layer.precision;
  plain.bias = layer.bias;
  plain.streamed_bytes = layer.streamed_bytes;
  plain.finite_weights = layer.finite_weights;
  return plain;
}

}  // namespace convfuse
