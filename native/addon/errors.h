// C++ failures as JavaScript errors that carry a code of lib/errors.ts.
#pragma once
#include <napi.h>

#include <new>
#include <stdexcept>
#include <string>

namespace convfuse::addon {

// A failure with a code.  Made without Node, so that any thread may throw it.
struct Failure {
  const char* code;
  std::string message;
};

// The pending C++ exception as a Failure; call inside a catch block.
Failure CurrentFailure();

// To be thrown.
Napi::Error MakeError(Napi::Env env, const Failure& failure);

// "expected X for name, received something else", code ERR_ARGUMENT.
Failure ArgumentFailure(const char* expected, const char* name);

// An exported function: nothing but a Napi::Error leaves it, for anything else would end the
// process.
template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
Napi::Value Entry(const Napi::CallbackInfo& info) {
  try {
    return kFunction(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw MakeError(info.Env(), CurrentFailure());
  }
}

}  // namespace convfuse::addon
