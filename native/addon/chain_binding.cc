#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/handle.h"
#include "ops/chain.h"

namespace convfuse::addon {
namespace {

struct BoundChain {
  std::unique_ptr<ConvChain> chain;
  RunSizes sizes;  // x of the first layer; residual and output of the last
};

Napi::Array ReadList(const Napi::Value& value, const char* name) {
  if (!value.IsArray()) throw ArgumentFailure("an array", name);
  return value.As<Napi::Array>();
}

}  // namespace

// (layers, shapes, threads) -> chain, or undefined where there is none
Napi::Value CreateChain(const Napi::CallbackInfo& info) {
  const Napi::Array layers = ReadList(info[0], "layers"), shapes = ReadList(info[1], "shapes");
  if (layers.Length() != shapes.Length() || layers.Length() == 0)
    throw ArgumentFailure("a layer for each shape", "layers");
  auto bound = std::make_shared<BoundChain>();
  std::vector<ChainLink> links;
  for (uint32_t i = 0; i < layers.Length(); ++i) {
    const std::shared_ptr<Layer> layer = ReadLayer(layers.Get(i));
    const ConvShape shape = ReadShape(shapes.Get(i));
    const RunSizes sizes = SizesOf(*layer, shape);
    if (i == 0) bound->sizes.x = sizes.x;
    bound->sizes.residual = sizes.residual;
    bound->sizes.out = sizes.out;
    links.push_back({std::shared_ptr<Conv>(layer, layer->conv.get()), shape});
  }
  bound->chain = ConvChain::Create(links, ReadThreads(info[2]),
                                   Environment::Of(info.Env()).workspaces());
  if (!bound->chain) return info.Env().Undefined();
  return WrapHandle(info.Env(), std::move(bound));
}

// (chain, x, residual or undefined, out)
Napi::Value RunChain(const Napi::CallbackInfo& info) {
  const auto bound = ReadHandle<BoundChain>(info[0], "a chain", "chain");
  const Elements<float> x = ReadArray<float>(info[1], "x", bound->sizes.x);
  const Elements<float> residual =
      ReadOptionalArray<float>(info[2], "residual", bound->sizes.residual);
  const Elements<float> out = ReadArray<float>(info[3], "out", bound->sizes.out);
  if (Overlap(out, x) || Overlap(out, residual))
    throw ArgumentFailure("memory that no input shares", "out");
  bound->chain->Run(x.data, residual.data, out.data, Environment::Of(info.Env()).pool());
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
