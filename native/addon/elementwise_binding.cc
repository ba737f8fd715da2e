#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/conv_layer.h"
#include "addon/environment.h"
#include "addon/errors.h"
#include "ops/elementwise.h"

namespace convfuse::addon {
namespace {

// [function, plane, height, extent x 4, length], and for x, other and y [offset, stride x 4,
// advance].
constexpr size_t kPlaceNumbers = 2 + kElementwiseAxes;
constexpr size_t kHeadNumbers = 4 + kElementwiseAxes;
constexpr size_t kNumbers = kHeadNumbers + 3 * kPlaceNumbers;

size_t Sum(size_t a, size_t b) {
  size_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) throw ArgumentFailure("sizes whose sum fits", "shape");
  return sum;
}

ElementwisePlace ReadPlace(const uint32_t* numbers) {
  ElementwisePlace place = {numbers[0], {}, Advance::kElement};
  for (size_t axis = 0; axis < kElementwiseAxes; ++axis) place.stride[axis] = numbers[1 + axis];
  const uint32_t advance = numbers[1 + kElementwiseAxes];
  if (advance >= static_cast<uint32_t>(Advance::kCount))
    throw ArgumentFailure("ways to advance", "shape");
  place.advance = static_cast<Advance>(advance);
  return place;
}

// Throws unless every element that is read or written lies in an array of `size`.  No extent of `e`
// is 0.
void CheckPlace(const Elementwise& e, const ElementwisePlace& place, size_t planes, size_t size,
                const char* name) {
  size_t last = Sum(place.offset, Multiply(planes - 1, e.plane));
  for (size_t axis = 0; axis < kElementwiseAxes; ++axis)
    last = Sum(last, Multiply(e.extent[axis] - 1, place.stride[axis]));
  if (place.advance == Advance::kElement) last = Sum(last, e.length - 1);
  if (last >= size) throw ArgumentFailure("elements for every result", name);
}

bool SamePlace(const ElementwisePlace& a, const ElementwisePlace& b) {
  for (size_t axis = 0; axis < kElementwiseAxes; ++axis)
    if (a.stride[axis] != b.stride[axis]) return false;
  return a.offset == b.offset && a.advance == b.advance;
}

}  // namespace

// (isa, x, other or undefined, y, shape, kind, parameters, slope or undefined, threads)
Napi::Value ApplyElementwise(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const Elements<float> x = ReadArray<float>(info[1], "x");
  const Elements<float> other =
      info[2].IsUndefined() ? Elements<float>{} : ReadArray<float>(info[2], "other");
  const Elements<float> y = ReadArray<float>(info[3], "y");
  const Elements<uint32_t> shape = ReadArray<uint32_t>(info[4], "shape", kNumbers);
  Elementwise e = {};
  e.activation = ReadActivation(info, 5, 1);
  const size_t threads = ReadThreads(info[8]);
  if (shape.data[0] >= static_cast<uint32_t>(ElementwiseFunction::kCount))
    throw ArgumentFailure("functions that there are", "shape");
  e.function = static_cast<ElementwiseFunction>(shape.data[0]);
  const bool normalises = e.function == ElementwiseFunction::kNormalise;
  e.plane = normalises ? shape.data[1] : 0;
  e.height = shape.data[2];
  size_t results = e.length = shape.data[kHeadNumbers - 1];
  for (size_t axis = 0; axis < kElementwiseAxes; ++axis)
    results = Multiply(results, e.extent[axis] = shape.data[3 + axis]);
  if (results == 0) return info.Env().Undefined();
  if (results > y.size) throw ArgumentFailure("an element for every result", "y");
  e.x_place = ReadPlace(shape.data + kHeadNumbers);
  e.other_place = ReadPlace(shape.data + kHeadNumbers + kPlaceNumbers);
  e.y_place = ReadPlace(shape.data + kHeadNumbers + 2 * kPlaceNumbers);
  if (e.y_place.advance != Advance::kElement)
    throw ArgumentFailure("results that go from element to element", "shape");
  CheckPlace(e, e.x_place, 1, x.size, "x");
  CheckPlace(e, e.y_place, 1, y.size, "y");
  const bool alone = e.function == ElementwiseFunction::kCopy;
  if (!alone) CheckPlace(e, e.other_place, normalises ? 3 : 1, other.size, "other");
  const auto spoils = [&](const Elements<float>& from, const ElementwisePlace& place) {
    return Overlap(from, y) && !(from.data == y.data && SamePlace(place, e.y_place));
  };
  if (spoils(x, e.x_place) || (!alone && (normalises ? Overlap(other, y)
                                                     : spoils(other, e.other_place))))
    throw ArgumentFailure("memory of its own, or the very places of an operand", "y");
  e.x = x.data;
  e.x_size = x.size;
  e.other = other.data;
  e.other_size = other.size;
  e.y = y.data;
  RunElementwise(table, e, Environment::Of(info.Env()).pool(), threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
