#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/environment.h"
#include "ops/gemm.h"

namespace convfuse::addon {

// (isa, a, b, c, m, n, k, transA, transB, alpha, beta, count, threads)
Napi::Value MultiplyMatrices(const Napi::CallbackInfo& info) {
  const KernelTable& table = ReadIsa(info[0]);
  const size_t m = ReadSize(info[4], "m", SIZE_MAX);
  const size_t n = ReadSize(info[5], "n", SIZE_MAX);
  const size_t k = ReadSize(info[6], "k", SIZE_MAX);
  const size_t count = ReadSize(info[11], "count", SIZE_MAX);
  const Elements<float> a = ReadArray<float>(info[1], "a", Multiply(count, Multiply(m, k)));
  const Elements<float> b = ReadArray<float>(info[2], "b", Multiply(count, Multiply(k, n)));
  const Elements<float> c = ReadArray<float>(info[3], "c", Multiply(count, Multiply(m, n)));
  const bool trans_a = ReadBoolean(info[7], "transA");
  const bool trans_b = ReadBoolean(info[8], "transB");
  const float alpha = static_cast<float>(ReadNumber(info[9], "alpha"));
  const float beta = static_cast<float>(ReadNumber(info[10], "beta"));
  const size_t threads = ReadSize(info[12], "threads", ThreadPool::kMaxThreads);
  if (Overlap(c, a) || Overlap(c, b)) throw ArgumentFailure("memory of its own", "c");
  Environment& environment = Environment::Of(info.Env());
  Gemm(table, {a.data, b.data, c.data, m, n, k, trans_a, trans_b, alpha, beta, count},
       environment.pool(), *environment.workspaces(), threads);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
