#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "ops/pool.h"

namespace convfuse::addon {
namespace {

// Every tap must lie inside the input.
void CheckAxis(const PoolAxis& axis) {
  for (size_t o = 0; o < axis.out; ++o) {
    const int64_t taps = axis.taps[o], start = axis.start[o];
    if (taps == 0) continue;
    const bool inside = taps > 0 && start >= 0 &&
                        static_cast<uint64_t>(start) +
                                (static_cast<uint64_t>(taps) - 1) * axis.dilation < axis.in;
    if (!inside) throw ArgumentFailure("windows inside the input", "windows");
  }
}

}  // namespace

// (isa, mean, x, y, sizes, windows, threads); lib/backend/native/addon.ts
Napi::Value PoolTensor(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  PoolPlanes planes = {};
  planes.mean = ReadBoolean(info[1], "mean");
  const Elements<uint32_t> sizes = ReadArray<uint32_t>(info[4], "sizes", 10);
  planes.planes = sizes.data[0];
  size_t in = planes.planes, out = planes.planes, outputs = 0;
  for (size_t a = 0; a < 3; ++a) {
    PoolAxis& axis = planes.axis[a];
    axis.in = sizes.data[1 + a];
    axis.out = sizes.data[4 + a];
    axis.dilation = sizes.data[7 + a];
    in = Multiply(in, axis.in);
    out = Multiply(out, axis.out);
    outputs += axis.out;
  }
  const Elements<int32_t> windows = ReadArray<int32_t>(info[5], "windows", Multiply(3, outputs));
  const int32_t* at = windows.data;
  for (PoolAxis& axis : planes.axis) {
    axis.start = at;
    axis.taps = at + axis.out;
    axis.divisor = at + 2 * axis.out;
    at += 3 * axis.out;
    CheckAxis(axis);
  }
  const Elements<float> x = ReadArray<float>(info[2], "x", in);
  const Elements<float> y = ReadArray<float>(info[3], "y", out);
  const size_t threads = ReadSize(info[6], "threads", ThreadPool::kMaxThreads);
  if (Overlap(x, y)) throw ArgumentFailure("memory of its own", "y");
  planes.x = x.data;
  planes.y = y.data;
  RunPool(table, planes, Environment::Of(info.Env()).pool(), threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
