// C++ objects as JavaScript holds them: opaque handles that share ownership.
#pragma once
#include <napi.h>

#include <memory>
#include <string>
#include <utility>

#include "addon/errors.h"

namespace convfuse::addon {

// The tag of handles to T: random, and mixed with an address, so that neither handles to other
// classes nor those of another copy of the addon pass.
template <class T>
napi_type_tag HandleTag() {
  static const char kHere = 0;
  return {0x8d1f6cf7be5a43e9, 0xa3c095b21d7e486b ^ reinterpret_cast<uintptr_t>(&kHere)};
}

template <class T>
Napi::Value WrapHandle(Napi::Env env, std::shared_ptr<T> shared) {
  Napi::Object object = Napi::Object::New(env);
  auto handle = std::make_unique<std::shared_ptr<T>>(std::move(shared));
  const napi_type_tag tag = HandleTag<T>();
  const auto destroy = [](napi_env, void* data, void*) {
    delete static_cast<std::shared_ptr<T>*>(data);
  };
  if (napi_type_tag_object(env, object, &tag) != napi_ok ||
      napi_wrap(env, object, handle.get(), destroy, nullptr, nullptr) != napi_ok)
    throw Failure{"ERR_INTERNAL", "Node refused to wrap an object"};
  handle.release();
  return object;
}

// Throws a Failure, ERR_ARGUMENT, for any other object.
template <class T>
std::shared_ptr<T>& ReadHandle(const Napi::Value& value, const char* expected, const char* name) {
  const napi_type_tag tag = HandleTag<T>();
  bool tagged = false;
  void* handle = nullptr;
  if (!value.IsObject() ||
      napi_check_object_type_tag(value.Env(), value, &tag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(value.Env(), value, &handle) != napi_ok)
    throw ArgumentFailure(expected, name);
  return *static_cast<std::shared_ptr<T>*>(handle);
}

}  // namespace convfuse::addon
