#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/handle.h"
#include "addon/pool_args.h"
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

ChainLink ReadConv(const Napi::Array& link, RunSizes* sizes) {
  const std::shared_ptr<Layer> layer = ReadLayer(link.Get(0u));
  const ConvShape shape = ReadShape(link.Get(1u));
  *sizes = SizesOf(*layer, shape);
  return {std::shared_ptr<Conv>(layer, layer->conv.get()), nullptr, shape};
}

ChainLink ReadPool(const KernelTable& table, const Napi::Array& link, RunSizes* sizes) {
  const BlockedPoolPlanes planes = ReadBlockedPool(link.Get(0u), link.Get(1u), link.Get(2u));
  *sizes = SizesOf(planes, table.lanes);
  ConvShape shape;
  shape.batch = planes.batch;
  for (size_t a = 0; a < 2; ++a) {
    shape.in[a + 1] = planes.axis[a].in;
    shape.out[a + 1] = planes.axis[a].out;
  }
  shape.x_layout = planes.x_layout;
  shape.out_layout = shape.residual_layout = planes.y_layout;
  return {nullptr,
          std::make_shared<ChainPool>(table, planes.mean, planes.channels, planes.axis), shape};
}

}  // namespace

// (isa, links, threads) -> chain, or undefined where the links make none
Napi::Value CreateChain(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Napi::Array layers = ReadList(info[1], "links");
  auto bound = std::make_shared<BoundChain>();
  std::vector<ChainLink> links;
  for (uint32_t i = 0; i < layers.Length(); ++i) {
    const Napi::Array link = ReadList(layers.Get(i), "link");
    RunSizes sizes;
    links.push_back(link.Length() == 2 ? ReadConv(link, &sizes) : ReadPool(table, link, &sizes));
    if (i == 0) bound->sizes.x = sizes.x;
    bound->sizes.residual = sizes.residual;
    bound->sizes.out = sizes.out;
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
