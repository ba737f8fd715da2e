// A transposed convolution of planes as plain ones with a stride of 1.  Output o of an axis has the
// place q = (o + pad) / stride, and the residue r = (o + pad) % stride: it takes tap r + stride * t
// of input q - t, so that outputs of one residue, a phase, are a convolution with every stride-th
// tap, turned round.
#pragma once
#include "ops/layer.h"

namespace convfuse {

// The outputs of one residue along an axis: first, first + stride ... of the layer's outputs.
struct AxisPhase {
  size_t first, size;
  size_t taps;
  size_t pad_begin;  // of the plain convolution
};
AxisPhase PhaseOf(const ConvLayer& layer, const ConvShape& shape, int axis, size_t residue);

// The number of places that the outputs of an axis have, and how many inputs before the first and
// behind the last one the phase with the most taps reads.
struct AxisPlaces {
  size_t size;
  size_t pad_begin, pad_end;
};
AxisPlaces PlacesOf(const ConvLayer& layer, const ConvShape& shape, int axis);

// Whether a layer has phases: a transposed convolution of a plane, without dilation, with kernels
// of at least stride + pad taps, so that no phase has a negative pad.  All else here is for such
// layers.
bool HasPhases(const ConvLayer& layer, const ConvShape& shape);

// The shape with its input in blocks, inside a halo of all that the phases read.
ConvShape PhasesShape(const ConvLayer& layer, const ConvShape& shape);

// A copy of the layer with a stride of 1 and not transposed, without weights and without
// activation.  Throws std::bad_alloc.
ConvLayer PlainLayer(const ConvLayer& layer);

}  // namespace convfuse
