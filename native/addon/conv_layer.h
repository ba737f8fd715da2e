// A convolution as JavaScript holds it: an opaque object that owns a shared Layer.
#pragma once
#include <napi.h>

#include <memory>

#include "addon/args.h"
#include "ops/conv.h"

namespace convfuse::addon {

struct Layer {
  ConvGeometry geometry;
  size_t lanes = 1;  // channels in a block
  std::unique_ptr<Conv> conv;
};

// Throws a Failure: ERR_ARGUMENT for any other object, ERR_DISPOSED after ReleaseLayer.
std::shared_ptr<Layer> ReadLayer(const Napi::Value& value);
void ReleaseLayer(const Napi::Value& value);

// Arguments `first` and following: kind, [alpha, beta, scale, shift, low, high], slope or
// undefined.
Activation ReadActivation(const Napi::CallbackInfo& info, size_t first, size_t channels);

// [C, M, groups, kernel x 3, stride x 3, dilation x 3, transposed] in a Uint32Array.
ConvGeometry ReadGeometry(const Napi::Value& value);

// [N, in x 3, out x 3, pad x 3] in a Uint32Array; if any layout is blocked, followed by [blocked,
// top, left, bottom, right] for each of x, residual and out.
ConvShape ReadShape(const Napi::Value& value);
size_t ReadThreads(const Napi::Value& value);

// Floats of what a run reads and writes.  Throws a Failure where a product of sizes overflows.
struct RunSizes {
  size_t x, residual, out;
};
RunSizes SizesOf(const Layer& layer, const ConvShape& shape);

// The arguments of one run; its arrays have the lengths that the shape asks for.
struct RunArgs {
  ConvShape shape;
  Elements<float> x, residual;
  size_t out_size;
  size_t threads;
};

// Arguments `first` and following: x, residual or undefined, shape, threads.
RunArgs ReadRun(const Napi::CallbackInfo& info, size_t first, const Layer& layer);

// [top, left, bottom, right] of a blocked layout.
Layout ReadHalo(const uint32_t* numbers);

// Floats of [N, C, H, W] in a layout.  Throws a Failure where a product of sizes overflows.
size_t CheckedFloats(const Layout& layout, size_t lanes, size_t batch, size_t channels,
                     size_t height, size_t width);

}  // namespace convfuse::addon
