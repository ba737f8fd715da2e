#include "addon/errors.h"

#include <new>
#include <stdexcept>

namespace convfuse::addon {
namespace {

// Short enough to be stored inside a std::string, without memory of its own.
constexpr const char* kOutOfMemory = "out of memory";

Failure Describe() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::bad_alloc&) {
    return {"ERR_MEMORY", kOutOfMemory};
  } catch (const std::length_error&) {
    return {"ERR_MEMORY", kOutOfMemory};
  } catch (const std::invalid_argument& error) {
    return {"ERR_UNSUPPORTED", error.what()};
  } catch (const std::exception& error) {
    return {"ERR_INTERNAL", error.what()};
  } catch (...) {
    return {"ERR_INTERNAL", "an unknown native exception"};
  }
}

}  // namespace

Failure CurrentFailure() noexcept {
  try {
    return Describe();
  } catch (...) {
    return {"ERR_MEMORY", kOutOfMemory};
  }
}

void ThrowInJavaScript(napi_env env, const Failure& failure) noexcept {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) return;
  // Refused only while the environment goes down: nobody is there to hear of it then.
  static_cast<void>(napi_throw_error(env, failure.code, failure.message.c_str()));
}

Failure ArgumentFailure(const char* expected, const char* name) {
  return {"ERR_ARGUMENT", std::string("expected ") + expected + " for " + name +
                              ", received something else"};
}

}  // namespace convfuse::addon
