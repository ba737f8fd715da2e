// A transposed convolution of planes as plain ones with a stride of 1.  Output o of an axis has the
// place q = (o + pad) / stride, and the residue r = (o + pad) % stride: it takes tap r + stride * t
// of input q - t, so that outputs of one residue, a phase, are a convolution with every stride-th
// tap, turned round.
#pragma once
#include "ops/layer.h"

namespace convfuse {

// Outputs of one residue along an axis: first, first + stride ... of the layer's.
struct AxisPhase {
  size_t first, size;
  size_t taps;
  size_t pad_begin;  // of the plain convolution
};
AxisPhase PhaseOf(const ConvLayer& layer, const ConvShape& shape, int axis, size_t residue);

// Places that the outputs of an axis have, and what the phase with the most taps reads for them: so
// many inputs before the first, and so many behind the last.
struct AxisPlaces {
  size_t size;
  size_t pad_begin, pad_end;
};
AxisPlaces PlacesOf(const ConvLayer& layer, const ConvShape& shape, int axis);

// Whether there are phases to speak of: a plane, no dilation, a tap for each residue of the outputs
// that lie at the pad, so that no pad is below zero.  The others are for layers that have phases.
bool HasPhases(const ConvLayer& layer, const ConvShape& shape);

// The shape with its input in blocks, between a halo of all that the phases read.
ConvShape PhasesShape(const ConvLayer& layer, const ConvShape& shape);

// The layer with a stride of 1 and not transposed, without weights, and without what follows the
// sums.  Throws std::bad_alloc.
ConvLayer PlainLayer(const ConvLayer& layer);

}  // namespace convfuse
