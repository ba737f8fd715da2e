#include <cstring>

#include "addon/args.h"
#include "addon/bindings.h"
#include "addon/errors.h"
#include "kernels/activation.h"
#include "kernels/table.h"
#include "ops/caches.h"
#include "ops/huge_heap.h"

namespace convfuse::addon {
namespace {

// In the order of ActivationKind.
constexpr const char* kActivations[] = {
    "identity", "relu",         "leaky-relu", "prelu", "relu6",     "clip", "sigmoid", "silu",
    "hard-swish", "hard-sigmoid", "tanh",       "gelu",  "gelu-tanh", "mish", "elu",     "softplus",
};
static_assert(sizeof kActivations / sizeof *kActivations ==
              static_cast<size_t>(ActivationKind::kCount));

}  // namespace

Napi::Value Info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array isas = Napi::Array::New(env);
  Napi::Array lanes = Napi::Array::New(env);
  for (const KernelTable* const* table = SupportedKernelTables(); *table; ++table) {
    isas.Set(isas.Length(), Napi::String::New(env, (*table)->isa));
    lanes.Set(lanes.Length(), Napi::Number::New(env, static_cast<double>((*table)->lanes)));
  }
  Napi::Array activations = Napi::Array::New(env);
  for (const char* name : kActivations)
    activations.Set(activations.Length(), Napi::String::New(env, name));
  Napi::Array caches = Napi::Array::New(env);
  for (int level = 1; level <= 3; ++level) {
    const auto bytes = static_cast<double>(CacheBytes(level));
    caches.Set(caches.Length(), Napi::Number::New(env, bytes));
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("version", Napi::String::New(env, CONVFUSE_VERSION));
  result.Set("isas", isas);
  result.Set("lanes", lanes);
  result.Set("activations", activations);
  result.Set("caches", caches);
  return result;
}

// (buffer) -> bytes from its start to the next cache line; lib/backend/native/addon.ts
Napi::Value BytesToLine(const Napi::CallbackInfo& info) {
  void* data = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(info.Env(), info[0], &data, &bytes) != napi_ok)
    throw ArgumentFailure("an ArrayBuffer", "buffer");
  constexpr uintptr_t kLine = 64;
  const uintptr_t past = reinterpret_cast<uintptr_t>(data) % kLine;
  return Napi::Number::New(info.Env(), static_cast<double>((kLine - past) % kLine));
}

// (bytes) -> an ArrayBuffer of zeros in huge pages; undefined where JavaScript has to own its
// memory
Napi::Value NewBuffer(const Napi::CallbackInfo& info) {
  const size_t bytes = ReadSize(info[0], "bytes", SIZE_MAX);
  void* const data = AllocateHuge(bytes);
  std::memset(data, 0, bytes);
  const auto free = [](napi_env, void* memory, void* size) {
    FreeHuge(memory, reinterpret_cast<size_t>(size));
  };
  napi_value buffer = nullptr;
  void* const hint = reinterpret_cast<void*>(bytes);
  if (napi_create_external_arraybuffer(info.Env(), data, bytes, free, hint, &buffer) == napi_ok)
    return Napi::Value(info.Env(), buffer);
  FreeHuge(data, bytes);
  return info.Env().Undefined();
}

}  // namespace convfuse::addon
