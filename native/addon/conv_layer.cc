#include "addon/conv_layer.h"

#include "addon/errors.h"
#include "addon/handle.h"

namespace convfuse::addon {
namespace {

// Strides, dilations, kernels and pads beyond this are no convolution; below it, no position
// computed from them overflows 64 bits.
constexpr uint32_t kMostSpatial = 1u << 24;

}  // namespace

std::shared_ptr<Layer> ReadLayer(const Napi::Value& value) {
  std::shared_ptr<Layer> layer = ReadHandle<Layer>(value, "a convolution", "conv");
  if (layer == nullptr) throw Failure{"ERR_DISPOSED", "the convolution was disposed of"};
  return layer;
}

void ReleaseLayer(const Napi::Value& value) {
  ReadHandle<Layer>(value, "a convolution", "conv").reset();
}

ConvGeometry ReadGeometry(const Napi::Value& value) {
  const Elements<uint32_t> numbers = ReadArray<uint32_t>(value, "geometry", 13);
  ConvGeometry g;
  g.channels_in = numbers.data[0];
  g.channels_out = numbers.data[1];
  g.groups = numbers.data[2];
  for (size_t axis = 0; axis < 3; ++axis) {
    g.kernel[axis] = numbers.data[3 + axis];
    g.stride[axis] = numbers.data[6 + axis];
    g.dilation[axis] = numbers.data[9 + axis];
  }
  for (size_t i = 3; i < 12; ++i)
    if (numbers.data[i] == 0 || numbers.data[i] > kMostSpatial)
      throw ArgumentFailure("kernel, stride and dilation from 1 to 2^24", "geometry");
  g.transposed = numbers.data[12] != 0;
  if (g.channels_in == 0 || g.channels_out == 0 || g.groups == 0 || g.channels_in % g.groups ||
      g.channels_out % g.groups)
    throw ArgumentFailure("groups that divide both channel counts", "geometry");
  return g;
}

ConvShape ReadShape(const Napi::Value& value) {
  const Elements<uint32_t> numbers = ReadArray<uint32_t>(value, "shape");
  if (numbers.size != 10 && numbers.size != 25)
    throw ArgumentFailure("10 numbers, or 25 with layouts", "shape");
  ConvShape shape;
  shape.batch = numbers.data[0];
  for (size_t axis = 0; axis < 3; ++axis) {
    shape.in[axis] = numbers.data[1 + axis];
    shape.out[axis] = numbers.data[4 + axis];
    shape.pad_begin[axis] = numbers.data[7 + axis];
    if (shape.pad_begin[axis] > kMostSpatial) throw ArgumentFailure("pads up to 2^24", "shape");
    if (shape.in[axis] == 0 || shape.out[axis] == 0 || shape.batch == 0)
      throw ArgumentFailure("no empty dimension", "shape");
  }
  if (numbers.size == 10) return shape;
  const uint32_t* at = numbers.data + 10;
  for (Layout* layout : {&shape.x_layout, &shape.residual_layout, &shape.out_layout}) {
    if (at[0] != 0) *layout = ReadHalo(at + 1);
    at += 5;
    if (layout->blocked && (shape.in[0] != 1 || shape.out[0] != 1))
      throw ArgumentFailure("planes where a layout is blocked", "shape");
  }
  return shape;
}

Layout ReadHalo(const uint32_t* numbers) {
  for (size_t i = 0; i < 4; ++i)
    if (numbers[i] > kMostSpatial) throw ArgumentFailure("halos up to 2^24", "layout");
  return {true, numbers[0], numbers[1], numbers[2], numbers[3]};
}

size_t CheckedFloats(const Layout& layout, size_t lanes, size_t batch, size_t channels,
                     size_t height, size_t width) {
  const size_t images = Multiply(batch, layout.blocked ? RoundUp(channels, lanes) : channels);
  return Multiply(Multiply(images, layout.top + height + layout.bottom),
                  layout.left + width + layout.right);
}

size_t ReadThreads(const Napi::Value& value) {
  const size_t threads = ReadSize(value, "threads", ThreadPool::kMaxThreads);
  return threads > 0 ? threads : 1;
}

RunSizes SizesOf(const Layer& layer, const ConvShape& s) {
  const auto floats = [&](const Layout& layout, size_t channels, const size_t(&size)[3]) {
    return CheckedFloats(layout, layer.lanes, s.batch, channels, Multiply(size[0], size[1]),
                         size[2]);
  };
  const size_t channels = layer.geometry.channels_out;
  return {floats(s.x_layout, layer.geometry.channels_in, s.in),
          floats(s.residual_layout, channels, s.out), floats(s.out_layout, channels, s.out)};
}

RunArgs ReadRun(const Napi::CallbackInfo& info, size_t first, const Layer& layer) {
  RunArgs args{};
  args.shape = ReadShape(info[first + 2]);
  const RunSizes sizes = SizesOf(layer, args.shape);
  args.x = ReadArray<float>(info[first], "x", sizes.x);
  args.residual = ReadOptionalArray<float>(info[first + 1], "residual", sizes.residual);
  args.out_size = sizes.out;
  args.threads = ReadThreads(info[first + 3]);
  return args;
}

}  // namespace convfuse::addon
