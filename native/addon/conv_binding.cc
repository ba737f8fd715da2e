#include <utility>

#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/handle.h"

namespace convfuse::addon {

Activation ReadActivation(const Napi::CallbackInfo& info, size_t first, size_t channels) {
  Activation activation;
  activation.kind = static_cast<ActivationKind>(
      ReadSize(info[first], "activation", static_cast<size_t>(ActivationKind::kCount) - 1));
  const Elements<float> numbers = ReadArray<float>(info[first + 1], "parameters", 6);
  activation.alpha = numbers.data[0];
  activation.beta = numbers.data[1];
  activation.scale = numbers.data[2];
  activation.shift = numbers.data[3];
  activation.low = numbers.data[4];
  activation.high = numbers.data[5];
  if (activation.kind == ActivationKind::kPrelu) {
    const Elements<float> slope = ReadArray<float>(info[first + 2], "slope");
    if (slope.size != 1 && slope.size != channels)
      throw ArgumentFailure("one slope, or one per channel", "slope");
    activation.slope = slope.data;
    activation.slopes = slope.size;
  }
  return activation;
}

// (isa, geometry, weight, bias or undefined, precision, kind, parameters, slope or undefined, tune)
// -> layer
Napi::Value CreateConv(const Napi::CallbackInfo& info) {
  auto layer = std::make_shared<Layer>();
  ConvOptions options;
  options.table = &ReadIsa(info[0]);
  layer->geometry = ReadGeometry(info[1]);
  const ConvGeometry& g = layer->geometry;
  size_t count = Multiply(g.channels_in, g.channels_out / g.groups);
  for (const size_t size : g.kernel) count = Multiply(count, size);
  const Elements<float> weight = ReadArray<float>(info[2], "weight", count);
  const Elements<float> bias = ReadOptionalArray<float>(info[3], "bias", g.channels_out);
  options.precision = static_cast<Precision>(
      ReadSize(info[4], "precision", static_cast<size_t>(Precision::kBfloat16)));
  options.activation = ReadActivation(info, 5, g.channels_out);
  options.tune = ReadBoolean(info[8], "tune");
  options.workspaces = Environment::Of(info.Env()).workspaces();
  layer->lanes = options.table->lanes;
  layer->conv = Conv::Create(g, weight.data, bias.data, options);
  return WrapHandle(info.Env(), std::move(layer));
}

// (layer, shape, threads) -> the algorithm that runs for the shape, and why.  Reads no tensor.
Napi::Value DescribeConv(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Layer> layer = ReadLayer(info[0]);
  const ConvShape shape = ReadShape(info[1]);
  const size_t threads = ReadThreads(info[2]);
  return Napi::String::New(info.Env(),
                           layer->conv->Describe(*layer->conv->Prepare(shape, threads)));
}

// (layer, x, residual or undefined, shape, threads, out)
Napi::Value RunConv(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Layer> layer = ReadLayer(info[0]);
  const RunArgs run = ReadRun(info, 1, *layer);
  const Elements<float> out = ReadArray<float>(info[5], "out", run.out_size);
  if (Overlap(out, run.x) || Overlap(out, run.residual))
    throw ArgumentFailure("memory that no input shares", "out");
  const auto plan = layer->conv->Prepare(run.shape, run.threads);
  layer->conv->Run(*plan, run.x.data, run.residual.data, out.data,
                   Environment::Of(info.Env()).pool(), run.threads, nullptr);
  return info.Env().Undefined();
}

// (layer)
Napi::Value DisposeConv(const Napi::CallbackInfo& info) {
  ReleaseLayer(info[0]);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
