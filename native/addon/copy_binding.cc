#include "ops/copy.h"

#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/environment.h"
#include "addon/errors.h"

namespace convfuse::addon {
namespace {

// Whether all elements that the strides reach from element `at` lie in an array of `size` elements.
bool Inside(int64_t at, const StridedCopy& copy, ptrdiff_t CopyAxis::*stride, size_t size) {
  // Sizes and strides are below 2^31, and there are kMaxCopyRank axes at the most.
  __int128 low = at, high = at;
  for (size_t a = 0; a < copy.rank; ++a) {
    const __int128 reach =
        static_cast<__int128>(copy.axis[a].size - 1) * (copy.axis[a].*stride);
    (reach < 0 ? low : high) += reach;
  }
  return low >= 0 && high < static_cast<__int128>(size);
}

}  // namespace

// (isa, x, y, places, threads); lib/backend/native/addon.ts
Napi::Value CopyTensor(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Bytes x = ReadBytes(info[1], "x"), y = ReadBytes(info[2], "y");
  const Elements<int32_t> places = ReadArray<int32_t>(info[3], "places");
  const size_t threads = ReadSize(info[4], "threads", ThreadPool::kMaxThreads);
  if (x.unit != y.unit) throw ArgumentFailure("elements of one size", "y");
  if (places.size < 2 || places.size % 3 != 2 || places.size / 3 > kMaxCopyRank)
    throw ArgumentFailure("two offsets and three numbers for each of a few axes", "places");
  StridedCopy copy = {};
  copy.bytes = x.unit;
  copy.rank = places.size / 3;
  const int32_t* number = places.data;
  const int64_t from = *number++, to = *number++;
  for (size_t a = 0; a < copy.rank; ++a, number += 3) {
    if (number[0] < 0) throw ArgumentFailure("sizes", "places");
    if (number[0] == 0) return info.Env().Undefined();
    copy.axis[a] = {static_cast<size_t>(number[0]), number[1], number[2]};
  }
  if (!Inside(from, copy, &CopyAxis::from, x.bytes.size / x.unit))
    throw ArgumentFailure("places inside x", "places");
  if (!Inside(to, copy, &CopyAxis::to, y.bytes.size / y.unit))
    throw ArgumentFailure("places inside y", "places");
  if (Overlap(x.bytes, y.bytes)) throw ArgumentFailure("memory of its own", "y");
  copy.x = x.bytes.data + from * static_cast<int64_t>(x.unit);
  copy.y = y.bytes.data + to * static_cast<int64_t>(x.unit);
  RunCopy(table, copy, Environment::Of(info.Env()).pool(), threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
