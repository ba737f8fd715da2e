#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "addon/pool_args.h"

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

// Points the axes to their parts of the array: for each axis start, taps and divisor of every
// output.
void ReadWindows(const Napi::Value& value, PoolAxis* axes, size_t count) {
  size_t outputs = 0;
  for (size_t a = 0; a < count; ++a) outputs += axes[a].out;
  const Elements<int32_t> windows = ReadArray<int32_t>(value, "windows", Multiply(3, outputs));
  const int32_t* at = windows.data;
  for (PoolAxis* axis = axes; axis < axes + count; ++axis) {
    axis->start = at;
    axis->taps = at + axis->out;
    axis->divisor = at + 2 * axis->out;
    at += 3 * axis->out;
    CheckAxis(*axis);
  }
}

// Binds x and y, of so many floats, and runs the pool on them.
template <typename Planes>
Napi::Value RunOn(const Napi::CallbackInfo& info, size_t in, size_t out, Planes planes,
                  void (*run)(const KernelTable&, const Planes&, ThreadPool&, WorkspacePool&,
                              size_t)) {
  const KernelTable& table = ReadIsa(info[0]);
  const Elements<float> x = ReadArray<float>(info[2], "x", in);
  const Elements<float> y = ReadArray<float>(info[3], "y", out);
  const size_t threads = ReadSize(info[6], "threads", ThreadPool::kMaxThreads);
  // The windows were checked, and must not change while y is written.
  if (Overlap(x, y) || Overlap(y, ReadArray<int32_t>(info[5], "windows")))
    throw ArgumentFailure("memory of its own", "y");
  planes.x = x.data;
  planes.y = y.data;
  Environment& environment = Environment::Of(info.Env());
  run(table, planes, environment.pool(), *environment.workspaces(), threads);
  return info.Env().Undefined();
}

}  // namespace

// (isa, mean, x, y, sizes, windows, threads); lib/backend/native/addon.ts
Napi::Value PoolTensor(const Napi::CallbackInfo& info) {
  PoolPlanes planes = {};
  planes.mean = ReadBoolean(info[1], "mean");
  const Elements<uint32_t> sizes = ReadArray<uint32_t>(info[4], "sizes", 10);
  planes.planes = sizes.data[0];
  size_t in = planes.planes, out = planes.planes;
  for (size_t a = 0; a < 3; ++a) {
    PoolAxis& axis = planes.axis[a];
    axis.in = sizes.data[1 + a];
    axis.out = sizes.data[4 + a];
    axis.dilation = sizes.data[7 + a];
    in = Multiply(in, axis.in);
    out = Multiply(out, axis.out);
  }
  ReadWindows(info[5], planes.axis, 3);
  return RunOn(info, in, out, planes, RunPool);
}

BlockedPoolPlanes ReadBlockedPool(const Napi::Value& mean, const Napi::Value& numbers,
                                  const Napi::Value& windows) {
  BlockedPoolPlanes planes = {};
  planes.mean = ReadBoolean(mean, "mean");
  const Elements<uint32_t> sizes = ReadArray<uint32_t>(numbers, "sizes", 16);
  planes.batch = sizes.data[0];
  planes.channels = sizes.data[1];
  for (size_t a = 0; a < 2; ++a) {
    PoolAxis& axis = planes.axis[a];
    axis.in = sizes.data[2 + a];
    axis.out = sizes.data[4 + a];
    axis.dilation = sizes.data[6 + a];
  }
  planes.x_layout = ReadHalo(sizes.data + 8);
  planes.y_layout = ReadHalo(sizes.data + 12);
  ReadWindows(windows, planes.axis, 2);
  return planes;
}

RunSizes SizesOf(const BlockedPoolPlanes& p, size_t lanes) {
  const PoolAxis(&axis)[2] = p.axis;
  const size_t out =
      CheckedFloats(p.y_layout, lanes, p.batch, p.channels, axis[0].out, axis[1].out);
  return {CheckedFloats(p.x_layout, lanes, p.batch, p.channels, axis[0].in, axis[1].in), out, out};
}

// The same arguments, on blocks.
Napi::Value PoolBlocks(const Napi::CallbackInfo& info) {
  const BlockedPoolPlanes planes = ReadBlockedPool(info[1], info[4], info[5]);
  const RunSizes sizes = SizesOf(planes, ReadIsa(info[0]).lanes);
  return RunOn(info, sizes.x, sizes.out, planes, RunBlockedPool);
}

}  // namespace convfuse::addon
