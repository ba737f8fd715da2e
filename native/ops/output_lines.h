// Where dense outputs meet cache lines.
#pragma once
#include "ops/epilogue.h"
#include "ops/layer.h"

namespace convfuse {

constexpr size_t kLineBytes = 64;

// Floats from here to the next cache line, or here where one begins.
inline size_t FloatsToLine(const float* p) {
  return (kLineBytes - reinterpret_cast<uintptr_t>(p) % kLineBytes) % kLineBytes / sizeof(float);
}

// Whether every channel plane begins as many floats before a line as the first one does.
inline bool PlanesShareLines(const ConvShape& shape) {
  return Volume(shape.out) * sizeof(float) % kLineBytes == 0;
}

// Whether outputs are so many that they go past the caches; not where an activation reads them again.
inline bool StreamsOutputs(const ConvLayer& layer, const ConvShape& shape) {
  const size_t outputs = shape.batch * layer.geometry.channels_out * Volume(shape.out);
  return outputs * sizeof(float) >= layer.streamed_bytes && PlanesShareLines(shape) &&
         !Epilogue(layer.activation).rows;
}

}  // namespace convfuse
