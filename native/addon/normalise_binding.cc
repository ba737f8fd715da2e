#include "ops/normalise.h"

#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/environment.h"
#include "addon/errors.h"

namespace convfuse::addon {

// (isa, x, y, scale, bias, sizes, epsilon, threads); lib/backend/native/addon.ts
Napi::Value NormaliseTensor(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Elements<uint32_t> sizes = ReadArray<uint32_t>(info[5], "sizes", 4);
  NormaliseRows rows = {};
  rows.rows = sizes.data[0];
  rows.parts = sizes.data[1];
  rows.plane = sizes.data[2];
  rows.channels = sizes.data[3];
  const size_t count = Multiply(Multiply(rows.rows, rows.parts), rows.plane);
  if (rows.channels == 0) throw ArgumentFailure("at least one channel", "sizes");
  const Elements<float> x = ReadArray<float>(info[1], "x", count);
  const Elements<float> y = ReadArray<float>(info[2], "y", count);
  const Elements<float> scale = ReadArray<float>(info[3], "scale", rows.channels);
  const Elements<float> bias = ReadArray<float>(info[4], "bias", rows.channels);
  rows.epsilon = ReadNumber(info[6], "epsilon");
  const size_t threads = ReadSize(info[7], "threads", ThreadPool::kMaxThreads);
  if (Overlap(y, x) || Overlap(y, scale) || Overlap(y, bias))
    throw ArgumentFailure("memory of its own", "y");
  rows.x = x.data;
  rows.y = y.data;
  rows.scale = scale.data;
  rows.bias = bias.data;
  RunNormalise(table, rows, Environment::Of(info.Env()).pool(), threads);
  return info.Env().Undefined();
}

// (isa, x, y, size, divisor, threads)
Napi::Value SumTensorRows(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Elements<float> y = ReadArray<float>(info[2], "y");
  const size_t size = ReadSize(info[3], "size", SIZE_MAX);
  const Elements<float> x = ReadArray<float>(info[1], "x", Multiply(y.size, size));
  const double divisor = ReadNumber(info[4], "divisor");
  const size_t threads = ReadSize(info[5], "threads", ThreadPool::kMaxThreads);
  if (Overlap(x, y)) throw ArgumentFailure("memory of its own", "y");
  RunSums(table, {x.data, y.data, y.size, size, divisor}, Environment::Of(info.Env()).pool(),
          threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
