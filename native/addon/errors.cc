#include "addon/errors.h"

namespace convfuse::addon {

Failure CurrentFailure() {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::bad_alloc&) {
    return {"ERR_MEMORY", "the native side ran out of memory"};
  } catch (const std::length_error&) {
    return {"ERR_MEMORY", "a native buffer would be larger than memory"};
  } catch (const std::invalid_argument& error) {
    return {"ERR_UNSUPPORTED", error.what()};
  } catch (const std::exception& error) {
    return {"ERR_INTERNAL", error.what()};
  } catch (...) {
    return {"ERR_INTERNAL", "an unknown native exception"};
  }
}

Napi::Error MakeError(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.message);
  error.Set("code", Napi::String::New(env, failure.code));
  return error;
}

Failure ArgumentFailure(const char* expected, const char* name) {
  return {"ERR_ARGUMENT", std::string("expected ") + expected + " for " + name +
                              ", received something else"};
}

}  // namespace convfuse::addon
