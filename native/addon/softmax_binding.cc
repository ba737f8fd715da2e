#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "ops/softmax.h"

namespace convfuse::addon {

// (isa, log, x, y, outer, size, inner, threads); lib/backend/native/addon.ts
Napi::Value SoftmaxTensor(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const bool log = ReadBoolean(info[1], "log");
  const size_t outer = ReadSize(info[4], "outer", SIZE_MAX);
  const size_t size = ReadSize(info[5], "size", SIZE_MAX);
  const size_t inner = ReadSize(info[6], "inner", SIZE_MAX);
  const size_t count = Multiply(Multiply(outer, size), inner);
  const Elements<float> x = ReadArray<float>(info[2], "x", count);
  const Elements<float> y = ReadArray<float>(info[3], "y", count);
  const size_t threads = ReadSize(info[7], "threads", ThreadPool::kMaxThreads);
  if (Overlap(x, y)) throw ArgumentFailure("memory of its own", "y");
  RunSoftmax(table, {log, x.data, y.data, outer, size, inner}, Environment::Of(info.Env()).pool(),
             threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
