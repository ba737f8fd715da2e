// C++ failures as JavaScript errors that carry a code of lib/errors.ts.
#pragma once
#include <napi.h>

#include <string>

namespace convfuse::addon {

// A failure with a code.  Made without Node, so that any thread may throw it.
struct Failure {
  const char* code;
  std::string message;
};

// The C++ exception being handled, as a Failure; call inside a catch block.  Works without memory.
Failure CurrentFailure() noexcept;

// Makes the failure a pending JavaScript exception, which is thrown when the callback returns.
void ThrowInJavaScript(napi_env env, const Failure& failure) noexcept;

// "expected X for name, received something else", code ERR_ARGUMENT.
Failure ArgumentFailure(const char* expected, const char* name);

// An exported function as Node calls it.  No C++ exception leaves it, for that would end the
// process.  (The wrapper of node-addon-api does not catch failures to allocate long argument
// lists.)
template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
napi_value Entry(napi_env env, napi_callback_info raw) noexcept {
  try {
    const Napi::CallbackInfo info(env, raw);
    return kFunction(info);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (...) {
    ThrowInJavaScript(env, CurrentFailure());
  }
  return nullptr;
}

}  // namespace convfuse::addon
