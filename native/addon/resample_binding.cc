#include "ops/resample.h"

#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"

namespace convfuse::addon {
namespace {

// Every tap must lie inside the input, and stay there while y is written.
ResampleAxis ReadAxis(const Napi::Value& index, const Napi::Value& weight, size_t in, size_t out,
                      size_t width, const Elements<float>& y) {
  const size_t taps = Multiply(out, width);
  const Elements<int32_t> at = ReadArray<int32_t>(index, "index", taps);
  const Elements<float> weights = ReadOptionalArray<float>(weight, "weight", taps);
  if (Overlap(y, at) || Overlap(y, weights)) throw ArgumentFailure("memory of its own", "y");
  if (weight.IsUndefined() ? width != 1 : width == 0) throw ArgumentFailure("taps", "sizes");
  for (size_t i = 0; i < taps; ++i)
    if (at.data[i] < 0 || static_cast<size_t>(at.data[i]) >= in)
      throw ArgumentFailure("taps inside the input", "index");
  return {in, out, width, at.data, weight.IsUndefined() ? nullptr : weights.data};
}

}  // namespace

// (isa, x, y, sizes, row index, row weight, column index, column weight, threads);
// lib/backend/native/addon.ts
Napi::Value ResampleTensor(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Elements<uint32_t> sizes = ReadArray<uint32_t>(info[3], "sizes", 7);
  const uint32_t* s = sizes.data;
  ResamplePlanes planes = {};
  planes.planes = s[0];
  const Elements<float> x = ReadArray<float>(info[1], "x", Multiply(Multiply(s[0], s[1]), s[2]));
  const Elements<float> y = ReadArray<float>(info[2], "y", Multiply(Multiply(s[0], s[3]), s[4]));
  planes.axis[0] = ReadAxis(info[4], info[5], s[1], s[3], s[5], y);
  planes.axis[1] = ReadAxis(info[6], info[7], s[2], s[4], s[6], y);
  const size_t threads = ReadSize(info[8], "threads", ThreadPool::kMaxThreads);
  if (Overlap(x, y)) throw ArgumentFailure("memory of its own", "y");
  planes.x = x.data;
  planes.y = y.data;
  Environment& environment = Environment::Of(info.Env());
  RunResample(table, planes, environment.pool(), *environment.workspaces(), threads);
  return info.Env().Undefined();
}

// The same arguments, on blocks.
Napi::Value ResampleBlocks(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Elements<uint32_t> sizes = ReadArray<uint32_t>(info[3], "sizes", 16);
  const uint32_t* s = sizes.data;
  BlockedResamplePlanes planes = {};
  planes.batch = s[0];
  planes.channels = s[1];
  planes.x_layout = ReadHalo(s + 8);
  planes.y_layout = ReadHalo(s + 12);
  const size_t in =
      CheckedFloats(planes.x_layout, table.lanes, planes.batch, planes.channels, s[2], s[3]);
  const size_t out =
      CheckedFloats(planes.y_layout, table.lanes, planes.batch, planes.channels, s[4], s[5]);
  const Elements<float> x = ReadArray<float>(info[1], "x", in);
  const Elements<float> y = ReadArray<float>(info[2], "y", out);
  planes.axis[0] = ReadAxis(info[4], info[5], s[2], s[4], s[6], y);
  planes.axis[1] = ReadAxis(info[6], info[7], s[3], s[5], s[7], y);
  const size_t threads = ReadSize(info[8], "threads", ThreadPool::kMaxThreads);
  if (Overlap(x, y)) throw ArgumentFailure("memory of its own", "y");
  planes.x = x.data;
  planes.y = y.data;
  Environment& environment = Environment::Of(info.Env());
  RunBlockedResample(table, planes, environment.pool(), *environment.workspaces(), threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
