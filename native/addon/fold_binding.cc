#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/errors.h"

namespace convfuse::addon {
namespace {

template <class T>
using Kernel = void (*)(ScaleRowsShape, const T*, const double*, T*, double*, double*);

// Reads the arguments from `weight` on and runs the kernel.  The outputs may overlap nothing.
template <class T>
void Scale(const Napi::CallbackInfo& info, ScaleRowsShape shape, Kernel<T> kernel) {
  const size_t factors = Multiply(shape.groups, shape.rows);
  const size_t count = Multiply(Multiply(factors, shape.outer), shape.cols);
  const Elements<T> weight = ReadArray<T>(info[2], "weight", count);
  const Elements<double> scale = ReadArray<double>(info[3], "scale", factors);
  const Elements<T> out = ReadArray<T>(info[4], "out", count);
  const Elements<double> loss = ReadArray<double>(info[5], "loss", factors);
  const Elements<double> mass = ReadArray<double>(info[6], "mass", factors);
  if (Overlap(out, weight) || Overlap(out, scale) || Overlap(out, loss) || Overlap(out, mass) ||
      Overlap(loss, scale) || Overlap(mass, scale) || Overlap(loss, weight) ||
      Overlap(mass, weight) || Overlap(loss, mass))
    throw ArgumentFailure("memory of its own", "out");
  kernel(shape, weight.data, scale.data, out.data, loss.data, mass.data);
}

}  // namespace

// (isa, type, weight, scale, out, loss, mass, groups, outer, rows, cols)
Napi::Value ScaleRows(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const std::string type = ReadString(info[1], "type");
  const ScaleRowsShape shape = {
      ReadSize(info[7], "groups", SIZE_MAX), ReadSize(info[8], "outer", SIZE_MAX),
      ReadSize(info[9], "rows", SIZE_MAX), ReadSize(info[10], "cols", SIZE_MAX)};
  if (type == "float32") {
    Scale<float>(info, shape, table.scale_rows_f32);
  } else if (type == "float64") {
    Scale<double>(info, shape, table.scale_rows_f64);
  } else if (type == "float16") {
    Scale<uint16_t>(info, shape, table.scale_rows_f16);
  } else if (type == "bfloat16") {
    Scale<uint16_t>(info, shape, table.scale_rows_bf16);
  } else {
    throw ArgumentFailure("a floating-point type", "type");
  }
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
