#include <utility>

#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/handle.h"
#include "ops/linear.h"

namespace convfuse::addon {
namespace {

size_t ReadLength(const Napi::Value& value, const char* name) {
  const size_t length = ReadSize(value, name, Linear::kMostSize);
  if (length == 0) throw ArgumentFailure("at least 1", name);
  return length;
}

std::shared_ptr<Linear>& ReadLinear(const Napi::Value& value) {
  return ReadHandle<Linear>(value, "a linear layer", "linear");
}

}  // namespace

// (isa, b, n, k, transB, bias or undefined, kind, parameters, slope or undefined) -> layer
Napi::Value CreateLinear(const Napi::CallbackInfo& info) {
  LinearOptions options;
  options.table = &ReadIsa(info[0]);
  const size_t n = ReadLength(info[2], "n"), k = ReadLength(info[3], "k");
  const Elements<float> b = ReadArray<float>(info[1], "b", Multiply(n, k));
  const bool trans_b = ReadBoolean(info[4], "transB");
  const Elements<float> bias = ReadOptionalArray<float>(info[5], "bias", n);
  options.activation = ReadActivation(info, 6, 1);
  options.workspaces = Environment::Of(info.Env()).workspaces();
  return WrapHandle(info.Env(),
                    std::make_shared<Linear>(b.data, n, k, trans_b, bias.data, options));
}

// (layer, a, residual or undefined, out, threads); the length of a gives the number of rows
Napi::Value RunLinear(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Linear> layer = ReadLinear(info[0]);
  if (layer == nullptr) throw Failure{"ERR_DISPOSED", "the linear layer was disposed of"};
  const Elements<float> a = ReadArray<float>(info[1], "a");
  const size_t m = a.size / layer->k();
  if (m * layer->k() != a.size) throw ArgumentFailure("whole rows", "a");
  const size_t count = Multiply(m, layer->n());
  const Elements<float> residual = ReadOptionalArray<float>(info[2], "residual", count);
  const Elements<float> out = ReadArray<float>(info[3], "out", count);
  if (Overlap(out, a) || Overlap(out, residual))
    throw ArgumentFailure("memory that no input shares", "out");
  layer->Run(a.data, m, residual.data, out.data, Environment::Of(info.Env()).pool(),
             ReadThreads(info[4]));
  return info.Env().Undefined();
}

// (layer)
Napi::Value DisposeLinear(const Napi::CallbackInfo& info) {
  ReadLinear(info[0]).reset();
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
