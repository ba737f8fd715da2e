// The exported functions.  lib/backend/native/addon.ts declares them for TypeScript, with the
// meaning of each argument.
#pragma once
#include <napi.h>

namespace convfuse::addon {

Napi::Value Info(const Napi::CallbackInfo& info);
Napi::Value BytesToLine(const Napi::CallbackInfo& info);
Napi::Value NewBuffer(const Napi::CallbackInfo& info);
Napi::Value ScaleRows(const Napi::CallbackInfo& info);
Napi::Value MultiplyMatrices(const Napi::CallbackInfo& info);
Napi::Value PoolTensor(const Napi::CallbackInfo& info);
Napi::Value PoolBlocks(const Napi::CallbackInfo& info);
Napi::Value ApplyElementwise(const Napi::CallbackInfo& info);
Napi::Value SoftmaxTensor(const Napi::CallbackInfo& info);
Napi::Value NormaliseTensor(const Napi::CallbackInfo& info);
Napi::Value SumTensorRows(const Napi::CallbackInfo& info);
Napi::Value ResampleTensor(const Napi::CallbackInfo& info);
Napi::Value ResampleBlocks(const Napi::CallbackInfo& info);
Napi::Value CopyTensor(const Napi::CallbackInfo& info);

Napi::Value CreateConv(const Napi::CallbackInfo& info);
Napi::Value DescribeConv(const Napi::CallbackInfo& info);
Napi::Value RunConv(const Napi::CallbackInfo& info);
Napi::Value StartConv(const Napi::CallbackInfo& info);
Napi::Value DisposeConv(const Napi::CallbackInfo& info);
Napi::Value CreateChain(const Napi::CallbackInfo& info);
Napi::Value RunChain(const Napi::CallbackInfo& info);

Napi::Value CreateLinear(const Napi::CallbackInfo& info);
Napi::Value RunLinear(const Napi::CallbackInfo& info);
Napi::Value DisposeLinear(const Napi::CallbackInfo& info);

Napi::Value Listen(const Napi::CallbackInfo& info);
Napi::Value CancelJob(const Napi::CallbackInfo& info);
Napi::Value TakeResult(const Napi::CallbackInfo& info);

}  // namespace convfuse::addon
