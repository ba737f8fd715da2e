// The table of exported functions.
#include <napi.h>

#include <exception>

#include "addon/bindings.h"
#include "addon/environment.h"
#include "addon/errors.h"

namespace {

using namespace convfuse::addon;

template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
void Export(Napi::Env env, Napi::Object exports, const char* name) {
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, Entry<kFunction>, nullptr, &function) !=
      napi_ok)
    throw Napi::Error::New(env);
  exports.Set(name, Napi::Value(env, function));
}

Environment* MakeEnvironment(Napi::Env env) {
  try {
    return new Environment;
  } catch (const std::exception& error) {
    throw Napi::Error::New(env, error.what());
  }
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(MakeEnvironment(env));
  Export<Info>(env, exports, "info");
  Export<BytesToLine>(env, exports, "bytesToLine");
  Export<NewBuffer>(env, exports, "newBuffer");
  Export<ScaleRows>(env, exports, "scaleRows");
  Export<MultiplyMatrices>(env, exports, "gemm");
  Export<PoolTensor>(env, exports, "pool");
  Export<PoolBlocks>(env, exports, "poolBlocked");
  Export<ApplyElementwise>(env, exports, "elementwise");
  Export<SoftmaxTensor>(env, exports, "softmax");
  Export<NormaliseTensor>(env, exports, "normalise");
  Export<SumTensorRows>(env, exports, "sumRows");
  Export<ResampleTensor>(env, exports, "resample");
  Export<ResampleBlocks>(env, exports, "resampleBlocked");
  Export<CopyTensor>(env, exports, "copy");
  Export<CreateConv>(env, exports, "createConv");
  Export<DescribeConv>(env, exports, "describeConv");
  Export<RunConv>(env, exports, "runConv");
  Export<StartConv>(env, exports, "startConv");
  Export<DisposeConv>(env, exports, "disposeConv");
  Export<CreateChain>(env, exports, "createChain");
  Export<RunChain>(env, exports, "runChain");
  Export<CreateLinear>(env, exports, "createLinear");
  Export<RunLinear>(env, exports, "runLinear");
  Export<DisposeLinear>(env, exports, "disposeLinear");
  Export<Listen>(env, exports, "listen");
  Export<CancelJob>(env, exports, "cancelJob");
  Export<TakeResult>(env, exports, "takeResult");
  return exports;
}

}  // namespace

NODE_API_MODULE(convfuse, Init)
