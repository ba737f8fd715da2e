// How dense outputs lie in cache lines, and whether they are stored past the caches.
#pragma once
#include "ops/epilogue.h"
#include "ops/layer.h"

namespace convfuse {

constexpr size_t kLineBytes = 64;

// Floats from here to the next cache line, or here where one begins.
inline size_t FloatsToLine(const float* p) {
  return (kLineBytes - reinterpret_cast<uintptr_t>(p) % kLineBytes) % kLineBytes / sizeof(float);
}

// Whether all channel planes begin equally far from a cache line.
inline bool PlanesShareLines(const ConvShape& shape) {
  return Volume(shape.out) * sizeof(float) % kLineBytes == 0;
}

// Whether the output is so large that it is stored past the caches; not where an activation reads
// it again.
inline bool StreamsOutputs(const ConvLayer& layer, const ConvShape& shape) {
  const size_t outputs = shape.batch * layer.geometry.channels_out * Volume(shape.out);
  return outputs * sizeof(float) >= layer.streamed_bytes && PlanesShareLines(shape) &&
         !Epilogue(layer.activation).rows;
}

}  // namespace convfuse
