#include "addon/conv_layer.h"

#include "addon/errors.h"

namespace convfuse::addon {
namespace {

using Handle = std::shared_ptr<Layer>;

// Random, and mixed with an address: the objects of another copy of the addon do not pass.
napi_type_tag LayerTag() {
  static const char kHere = 0;
  return {0x8d1f6cf7be5a43e9, 0xa3c095b21d7e486b ^ reinterpret_cast<uintptr_t>(&kHere)};
}

Handle* Unwrap(const Napi::Value& value) {
  const napi_type_tag tag = LayerTag();
  bool tagged = false;
  void* handle = nullptr;
  if (!value.IsObject() ||
      napi_check_object_type_tag(value.Env(), value, &tag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(value.Env(), value, &handle) != napi_ok)
    throw ArgumentFailure("a convolution", "conv");
  return static_cast<Handle*>(handle);
}

// Strides, dilations, kernels and pads beyond this are no convolution; below it, no position
// computed from them overflows 64 bits.
constexpr uint32_t kMostSpatial = 1u << 24;

}  // namespace

Napi::Value WrapLayer(Napi::Env env, Handle layer) {
  Napi::Object object = Napi::Object::New(env);
  auto handle = std::make_unique<Handle>(std::move(layer));
  const napi_type_tag tag = LayerTag();
  const auto destroy = [](napi_env, void* data, void*) { delete static_cast<Handle*>(data); };
  if (napi_type_tag_object(env, object, &tag) != napi_ok ||
      napi_wrap(env, object, handle.get(), destroy, nullptr, nullptr) != napi_ok)
    throw Failure{"ERR_INTERNAL", "Node refused to wrap a convolution"};
  handle.release();
  return object;
}

Handle ReadLayer(const Napi::Value& value) {
  Handle layer = *Unwrap(value);
  if (layer == nullptr) throw Failure{"ERR_DISPOSED", "the convolution was disposed of"};
  return layer;
}

void ReleaseLayer(const Napi::Value& value) { Unwrap(value)->reset(); }

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

RunArgs ReadRun(const Napi::CallbackInfo& info, size_t first, const Layer& layer) {
  RunArgs args{};
  args.shape = ReadShape(info[first + 2]);
  const ConvShape& s = args.shape;
  const auto floats = [&](const Layout& layout, size_t channels, const size_t(&size)[3]) {
    return CheckedFloats(layout, layer.lanes, s.batch, channels, Multiply(size[0], size[1]),
                         size[2]);
  };
  const size_t channels = layer.geometry.channels_out;
  const size_t out = floats(s.out_layout, channels, s.out);
  args.x = ReadArray<float>(info[first], "x", floats(s.x_layout, layer.geometry.channels_in, s.in));
  args.residual = ReadOptionalArray<float>(info[first + 1], "residual",
                                           floats(s.residual_layout, channels, s.out));
  args.out_size = out;
  args.threads = ReadThreads(info[first + 3]);
  return args;
}

}  // namespace convfuse::addon
